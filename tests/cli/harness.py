"""Runs the program, within this process where a process of its own adds nothing, and reads what it says."""

from __future__ import annotations

import copy
import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from forks import forking

from tap_makini.tap import TapMakini

from .jumping_clock import jumping_clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from makini_sandbox import Sandbox

INSTALLED = str(Path(sys.executable).with_name("tap-makini"))
PROGRAM = forking(INSTALLED)
_PATIENCE_SECONDS = 60
_LOG_LINE = re.compile(r"\S+ \S+ \| (\w+) +\| \S+ +\| (.*)")


@dataclass(frozen=True)
class Outcome:
    """What came of a run of the program.

    Attributes:
        code: Its exit code.
        output: Its standard output.
        errors: Its standard error.
    """

    code: int
    output: str
    errors: str

    @cached_property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.splitlines()]

    def of(self, kind: str, stream: str | None = None) -> list[dict[str, Any]]:
        """Give the messages of a type, of one stream where it is named."""
        return [
            message for message in self.messages if message["type"] == kind and stream in {None, message.get("stream")}
        ]

    def keys(self, stream: str) -> set[str]:
        """Give the keys of a stream's records."""
        return {message["record"]["key"] for message in self.of("RECORD", stream)}

    @property
    def state(self) -> Any:  # noqa: ANN401 - decoded JSON
        """The value of the last STATE."""
        return self.of("STATE")[-1]["value"]

    def logged(self, level: str) -> list[str]:
        """Give the log messages of a level."""
        found = [_LOG_LINE.fullmatch(line) for line in self.errors.splitlines()]
        return [match[2] for match in found if match and match[1] == level]

    @property
    def last_line(self) -> str:
        """The last line of the log, which is what an orchestrator shows of a run that failed."""
        line = self.errors.splitlines()[-1]
        match = _LOG_LINE.fullmatch(line)
        return match[2] if match else line


def run(
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    waits: bool = True,
    program: list[str] | None = None,
) -> Outcome:
    """Run the program to its end, within this process unless it says how to start another one.

    Args:
        arguments: Of the command line.
        environment: Variables beside the usual ones.
        waits: Whether waits between requests are real.
        program: How to start it in a process of its own.

    Returns:
        What came of it.
    """
    variables = clean_environment(environment or {})
    run_it = _run_here if program is None else partial(_run_process, program)
    with nullcontext() if waits else jumping_clock():
        outcome = run_it([*map(str, arguments)], variables)
    assert "Traceback" not in outcome.errors, outcome.errors
    return outcome


def _run_process(program: list[str], arguments: list[str], variables: Mapping[str, str]) -> Outcome:
    done = subprocess.run(
        [*program, *arguments],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env=variables,
        stdin=subprocess.DEVNULL,
        timeout=_PATIENCE_SECONDS,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def _run_here(arguments: list[str], variables: Mapping[str, str]) -> Outcome:
    output, errors = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    with (
        _kept_process(),
        mock.patch.dict(os.environ, variables, clear=True),
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        code = _exit_code(arguments)
    texts = []
    for stream in (output, errors):
        stream.seek(0)
        texts.append(stream.read())
    return Outcome(code, *texts)


def _exit_code(arguments: list[str]) -> int:
    try:
        TapMakini.cli(arguments)
    except SystemExit as end:
        if isinstance(end.code, str):  # which the interpreter prints
            print(end.code, file=sys.stderr)  # noqa: T201
            return 1
        return end.code or 0
    return 0


@contextmanager
def _kept_process() -> Iterator[None]:
    """Give the process back what the program takes over: hooks, handlers of signals, and the log."""
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    hooks = sys.excepthook, threading.excepthook
    loggers = {logger: {**vars(logger), "handlers": logger.handlers[:]} for logger in _loggers()}
    try:
        with mock.patch("gc.freeze"):
            yield
    finally:
        logging.captureWarnings(capture=False)
        for logger in _loggers():
            kept = loggers.get(logger, {"handlers": [], "propagate": True, "level": logging.NOTSET})
            for handler in set(logger.handlers).difference(kept["handlers"]):
                handler.close()
            vars(logger).update(kept)
            vars(logger)["_cache"].clear()
        sys.excepthook, threading.excepthook = hooks
        for number, action in signals.items():
            signal.signal(number, action)


def _loggers() -> list[logging.Logger]:
    named = [each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    return [logging.root, *named]


def clean_environment(additions: Mapping[str, str]) -> dict[str, str]:
    """Give this process's environment without what steers the tap, and with some variables more."""
    kept = {name: text for name, text in os.environ.items() if not re.match("TAP_MAKINI|SINGER|LOGLEVEL", name)}
    return {**kept, "NO_PROXY": "127.0.0.1", **additions}


@dataclass(frozen=True)
class Files:
    """Writes the files that the command line names.

    Attributes:
        folder: Where to put them.
        catalog: The discovered catalog.
    """

    folder: Path
    catalog: Mapping[str, Any]

    def write(self, name: str, content: object) -> Path:
        """Write a text as it is, and anything else as JSON."""
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    def selection(self, *streams: str, replication: Mapping[str, Any] | None = None) -> Path:
        """Write a catalog that selects streams.

        Args:
            streams: Their names.
            replication: Metadata at the root of each, such as another replication method.

        Returns:
            Its path.
        """
        chosen = [copy.deepcopy(entry) for entry in self.catalog["streams"] if entry["stream"] in streams]
        assert len(chosen) == len(streams)
        for entry in chosen:
            for name, value in (replication or {}).items():
                if name != "replication-method":  # for which the metadata are enough
                    entry[name.replace("-", "_")] = value
            [root] = [item["metadata"] for item in entry["metadata"] if not item["breadcrumb"]]
            root |= {"selected": True, **(replication or {})}
        return self.write("catalog.json", {"streams": chosen})

    def read(
        self,
        sandbox: Sandbox,
        *streams: str,
        state: object = None,
        replication: Mapping[str, Any] | None = None,
        waits: bool = True,
        settings: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Have the program read streams from a sandbox, one after the other.

        Args:
            sandbox: The API.
            streams: Names of the streams.
            state: The state to start from.
            replication: Metadata at the root of each stream.
            waits: Whether waits between requests are real.
            settings: Settings beside address and token.

        Returns:
            What came of it.
        """
        config = {"api_url": sandbox.url, "api_token": sandbox.token, "max_parallel": 1, **(settings or {})}
        arguments: list[str | Path] = ["--config", self.write("config.json", config)]
        arguments += ["--catalog", self.selection(*streams, replication=replication)] if streams else []
        arguments += ["--state", self.write("state.json", state)] if state is not None else []
        return run(*arguments, waits=waits)


def held_keys(sandbox: Sandbox, slug: str) -> set[str]:
    """Give the keys of all rows that a sandbox holds of an entity."""
    return set(sandbox.store.keys(slug))


def stream_of(slug: str) -> str:
    """Give the name of an entity's stream."""
    return slug.translate(str.maketrans("-/.", "___"))
