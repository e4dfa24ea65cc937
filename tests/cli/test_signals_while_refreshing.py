"""Being told to stop while a refresh token is exchanged, which ends the old pair on the server's side."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from forks import forking

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


class Vendor(ThreadingHTTPServer):
    """Gives a pair when it is allowed to.

    Attributes:
        asked: Set once it is asked for a pair.
        may_answer: Set to let it answer.
        status: What it answers with.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.may_answer = threading.Event(), threading.Event()
        self.status = 200


class Handler(BaseHTTPRequestHandler):
    server: Vendor

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.set()
        self.server.may_answer.wait(PATIENCE_SECONDS)
        body = json.dumps(PAIR).encode()
        self.send_response(self.server.status)
        self.send_header("Retry-After", "60")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        yield server
        server.may_answer.set()
        server.shutdown()
        thread.join()


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
def refreshing(files: Files, vendor: Vendor, *arguments: str, **settings: object) -> Iterator[Refreshing]:
    folder = files.folder / "tokens"
    folder.mkdir()
    (folder / "tokens.json").write_text(json.dumps(OLD_PAIR))
    (folder / "tokens.json").chmod(0o600)
    config = {
        "api_url": f"http://127.0.0.1:{vendor.server_port}",
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
def test_the_new_pair_is_kept_before_the_end(files: Files, vendor: Vendor, number: int, workers: int) -> None:
    with refreshing(files, vendor, max_parallel=workers) as run:
        assert vendor.asked.wait(PATIENCE_SECONDS)
        run.process.send_signal(number)
        assert run.is_held
        vendor.may_answer.set()

        assert run.end() == 128 + number
        assert (run.pair["access_token"], run.pair["refresh_token"]) == ("access-new", "refresh-new")
        assert json.loads(run.output.splitlines()[-1])["type"] == "STATE"


@pytest.mark.parametrize("workers", [1, 4])
def test_not_even_a_second_signal_loses_it(files: Files, vendor: Vendor, workers: int) -> None:
    with refreshing(files, vendor, max_parallel=workers) as run:
        assert vendor.asked.wait(PATIENCE_SECONDS)
        run.process.send_signal(signal.SIGINT)
        assert run.is_held
        run.process.send_signal(signal.SIGINT)
        assert run.is_held
        vendor.may_answer.set()

        assert run.end() == 128 + signal.SIGINT
        assert run.pair["refresh_token"] == "refresh-new"  # noqa: S105 - made up


def test_nor_is_it_lost_while_connections_are_checked(files: Files, vendor: Vendor) -> None:
    with refreshing(files, vendor, "--test") as run:
        assert vendor.asked.wait(PATIENCE_SECONDS)
        run.process.send_signal(signal.SIGTERM)
        assert run.is_held
        vendor.may_answer.set()

        assert run.end() == 128 + signal.SIGTERM
        assert run.pair["refresh_token"] == "refresh-new"  # noqa: S105 - made up


@BY_BOTH_AND_ALL
def test_a_server_that_never_answers_does_not_hold_the_end(
    files: Files, vendor: Vendor, number: int, workers: int
) -> None:
    with refreshing(files, vendor, max_parallel=workers, request_timeout_seconds=1) as run:
        assert vendor.asked.wait(PATIENCE_SECONDS)
        run.process.send_signal(number)

        assert run.end() == 128 + number
        assert run.pair == OLD_PAIR


@pytest.mark.parametrize("workers", [1, 4])
def test_between_two_exchanges_the_end_comes_at_once(files: Files, vendor: Vendor, workers: int) -> None:
    vendor.status = 429
    vendor.may_answer.set()
    with refreshing(files, vendor, max_parallel=workers) as run:
        assert run.process.stderr is not None
        assert any(b"before requesting a new pair of tokens again" in line for line in run.process.stderr)
        run.process.send_signal(signal.SIGTERM)

        assert run.end() == 128 + signal.SIGTERM
        assert run.pair == OLD_PAIR
