"""A signal while a refresh token is exchanged, which ends the old pair on the server's side."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from forks import forking
from http_server import Received, Reply, serving

from . import hasty
from .harness import Files, clean_environment
from .hasty import GRACE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE_SECONDS = 20
BEYOND_ITS_GRACE = GRACE_SECONDS + 0.3
HASTY = forking(hasty.__file__)
BY_BOTH_AND_ALL = pytest.mark.parametrize(("number", "workers"), [(signal.SIGTERM, 1), (signal.SIGINT, 4)])
PAIR = {"access_token": "access-new", "refresh_token": "refresh-new", "expires_in": 2_592_000}
OLD_PAIR = {"access_token": "access-old", "refresh_token": "refresh-old", "issued_at": 0, "expires_at": 1}


class TokenEndpoint:
    """Send a pair when it may.

    Attributes:
        asked: Set once a pair is asked for.
        may_respond: Set to let it respond.
        status: The status of the response.
        url: Where it is.
    """

    def __init__(self) -> None:
        self.asked, self.may_respond = threading.Event(), threading.Event()
        self.status = 200
        self.url = ""

    def __call__(self, request: Received) -> Reply:
        if request.method == "GET":
            return Reply(status=404)
        self.asked.set()
        self.may_respond.wait(PATIENCE_SECONDS)
        return Reply(PAIR, self.status, {"Retry-After": "60"})


@pytest.fixture
def endpoint() -> Iterator[TokenEndpoint]:
    endpoint = TokenEndpoint()
    with serving(endpoint) as endpoint.url:
        yield endpoint
        endpoint.may_respond.set()


@dataclass
class Refreshing:
    """A run that needs a new pair.

    Attributes:
        process: The program.
        folder: Where the token file is, and nothing else.
        output: What it wrote, once it has ended.
        log: The same of standard error.
    """

    process: subprocess.Popen[bytes]
    folder: Path
    output: bytes = field(default=b"", init=False)
    log: str = field(default="", init=False)

    @property
    def is_held(self) -> bool:
        """Whether it does not end, even after the time that a reader is given."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(BEYOND_ITS_GRACE)
        return self.process.poll() is None

    def end(self) -> int:
        """Wait for the end; returns the exit code."""
        self.output, errors = self.process.communicate(timeout=PATIENCE_SECONDS)
        self.log = errors.decode()
        assert "Traceback" not in self.log, self.log
        return self.process.returncode

    @property
    def pair(self) -> dict[str, Any]:
        """The pair in the token file, besides which there is nothing but the lock."""
        assert {path.name for path in self.folder.iterdir()} == {"tokens.json", "tokens.json.lock"}
        stored: dict[str, Any] = json.loads((self.folder / "tokens.json").read_bytes())
        return stored


@contextmanager
def refreshing(files: Files, endpoint: TokenEndpoint, *arguments: str, **settings: object) -> Iterator[Refreshing]:
    folder = files.folder / "tokens"
    folder.mkdir()
    (folder / "tokens.json").write_text(json.dumps(OLD_PAIR))
    (folder / "tokens.json").chmod(0o600)
    config = {
        "api_url": endpoint.url,
        "client_id": "id",
        "client_secret": "secret-of-client",
        "token_file": str(folder / "tokens.json"),
        **settings,
    }
    command = [*HASTY, "--config", str(files.write("config.json", config)), *arguments]
    if not arguments:
        command += ["--catalog", str(files.selection("sites", "teams", "users"))]
    process = subprocess.Popen(command, env=clean_environment({}), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield Refreshing(process, folder)
    finally:
        process.kill()
        process.communicate()


@BY_BOTH_AND_ALL
def test_the_new_pair_is_kept_before_the_end(files: Files, endpoint: TokenEndpoint, number: int, workers: int) -> None:
    with refreshing(files, endpoint, max_parallel=workers) as run:
        assert endpoint.asked.wait(PATIENCE_SECONDS)
        run.process.send_signal(number)
        assert run.is_held
        endpoint.may_respond.set()

        assert run.end() == 128 + number
        assert (run.pair["access_token"], run.pair["refresh_token"]) == ("access-new", "refresh-new")
        assert json.loads(run.output.splitlines()[-1])["type"] == "STATE"


@pytest.mark.parametrize("workers", [1, 4])
def test_not_even_a_second_signal_loses_the_new_pair(files: Files, endpoint: TokenEndpoint, workers: int) -> None:
    with refreshing(files, endpoint, max_parallel=workers) as run:
        assert endpoint.asked.wait(PATIENCE_SECONDS)
        run.process.send_signal(signal.SIGINT)
        assert run.is_held
        run.process.send_signal(signal.SIGINT)
        assert run.is_held
        endpoint.may_respond.set()

        assert run.end() == 128 + signal.SIGINT
        assert run.pair["refresh_token"] == "refresh-new"  # noqa: S105 - made up


def test_a_signal_while_connections_are_checked_does_not_lose_the_new_pair(
    files: Files, endpoint: TokenEndpoint
) -> None:
    with refreshing(files, endpoint, "--test") as run:
        assert endpoint.asked.wait(PATIENCE_SECONDS)
        run.process.send_signal(signal.SIGTERM)
        assert run.is_held
        endpoint.may_respond.set()

        assert run.end() == 128 + signal.SIGTERM
        assert run.pair["refresh_token"] == "refresh-new"  # noqa: S105 - made up


@BY_BOTH_AND_ALL
def test_a_server_that_never_responds_does_not_hold_the_end(
    files: Files, endpoint: TokenEndpoint, number: int, workers: int
) -> None:
    with refreshing(files, endpoint, max_parallel=workers, request_timeout_seconds=1) as run:
        assert endpoint.asked.wait(PATIENCE_SECONDS)
        run.process.send_signal(number)

        assert run.end() == 128 + number
        assert run.pair == OLD_PAIR


@pytest.mark.parametrize("workers", [1, 4])
def test_between_two_exchanges_the_end_comes_at_once(files: Files, endpoint: TokenEndpoint, workers: int) -> None:
    endpoint.status = 429
    endpoint.may_respond.set()
    with refreshing(files, endpoint, max_parallel=workers) as run:
        assert run.process.stderr is not None
        assert any(b"before requesting a new pair of tokens again" in line for line in run.process.stderr)
        run.process.send_signal(signal.SIGTERM)

        assert run.end() == 128 + signal.SIGTERM
        assert run.pair == OLD_PAIR
