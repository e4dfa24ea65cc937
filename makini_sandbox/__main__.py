"""Run the sandbox from the command line."""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import ExitStack
from datetime import datetime, timezone
from threading import Event
from typing import TYPE_CHECKING

from makini_sandbox.behaviour import Behaviour
from makini_sandbox.clock import clock_from, system_clock
from makini_sandbox.command import run_command
from makini_sandbox.entities import ENTITIES
from makini_sandbox.sandbox import DEFAULT_ROWS, Sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from makini_sandbox.clock import Clock


def main(arguments: Sequence[str]) -> int:
    """Serve the sandbox, or run a command with it.

    Args:
        arguments: The command line without the program's name.

    Returns:
        The exit code: the command's, or 0.
    """
    own, command = _split(list(arguments))
    parser = _parser()
    sandbox = _sandbox(parser, own)
    with ExitStack() as stack:
        try:
            stack.enter_context(sandbox)
        except OSError as error:
            parser.error(f"cannot listen: {error.strerror}")
        return run_command(command, sandbox.url, sandbox.token) if command else _serve(sandbox)


def _serve(sandbox: Sandbox) -> int:
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    line = f"Makini sandbox at {sandbox.url} with token {sandbox.token}"
    print(line, flush=True)  # noqa: T201 - the output of the program
    stopped.wait()
    return 0


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    if "--" not in arguments:
        return arguments, []
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1 :]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m makini_sandbox",
        usage="%(prog)s [options] [-- COMMAND ...]",
        description="Serve a double of the Makini API, or run a command with it, with "
        "TAP_MAKINI_API_URL, TAP_MAKINI_API_TOKEN and, for the v4 document, MAKINI_SANDBOX_OPENAPI set.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0: a free one")
    parser.add_argument("--rows", action="append", default=[], metavar="[SLUG=]N", help="rows per entity")
    parser.add_argument("--seed", type=int, default=1, help="seed of all random values")
    parser.add_argument(
        "--behaviour",
        action="append",
        default=[],
        metavar="[SLUG:]NAME=VALUE",
        help="a setting of makini_sandbox.Behaviour",
    )
    parser.add_argument("--fault", action="append", default=[], metavar="NAME=VALUE,...", help="a Fault")
    parser.add_argument("--connection", action="append", default=[], metavar="NAME=TOKEN", help="a connection")
    parser.add_argument("--clock", metavar="ISO", help="time at which the clock starts")
    parser.add_argument("--verbose", action="store_true", help="log each request")
    return parser


def _sandbox(parser: argparse.ArgumentParser, arguments: list[str]) -> Sandbox:
    options = parser.parse_args(arguments)
    try:
        rows, sizes = _sizes(options.rows)
        return Sandbox(
            rows=rows,
            sizes=sizes,
            seed=options.seed,
            behaviour=_behaviour(options.behaviour, options.fault),
            connections={_pair(text)[1]: _pair(text)[0] for text in options.connection},
            clock=_clock(options.clock),
            host=options.host,
            port=options.port,
            verbose=options.verbose,
        )
    except ValueError as error:
        parser.error(str(error))


def _sizes(texts: list[str]) -> tuple[int, dict[str, int]]:
    rows, sizes = DEFAULT_ROWS, {}
    for text in texts:
        slug, _, number = text.rpartition("=")
        if slug and slug not in ENTITIES:
            raise ValueError(f"{slug}: no such entity")
        if slug:
            sizes[slug] = int(number)
        else:
            rows = int(number)
    return rows, sizes


def _behaviour(assignments: list[str], faults: list[str]) -> Behaviour:
    behaviour = Behaviour()
    for assignment in assignments:
        behaviour.assign(assignment)
    if faults:
        behaviour.merge({"faults": [dict(map(_pair, text.split(","))) for text in faults]})
    return behaviour


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"Expected name=value, not {text}")
    return name, value


def _clock(text: str | None) -> Clock:
    if text is None:
        return system_clock
    start = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return clock_from(start if start.tzinfo else start.replace(tzinfo=timezone.utc))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
