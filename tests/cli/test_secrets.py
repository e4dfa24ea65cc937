"""A server that sends the token back in every way must not bring it into the log."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from .harness import WITHOUT_WAITS, Files, Outcome, run

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "s3cr3t/token+of=a%20tenant"  # noqa: S105 - opens nothing
SLUGS = ["accounts", "assets", "companies", "customers", "invoices", "labors", "meters", "teams", "users"]


class Echo(BaseHTTPRequestHandler):
    """Answers each entity in another wrong way, with the token in it."""

    def do_GET(self) -> None:
        token = self.headers["Authorization"]
        slug = self.path.split("?")[0].split("/")[3]
        error = json.dumps({"message": f"no access for {token}", "code": token, "request_id": token})
        answers: dict[str, tuple[int, dict[str, str], str]] = {
            "accounts": (418, {}, error),
            "assets": (302, {"Location": f"/login?{token}"}, ""),
            "companies": (200, {}, f"<html>{token}</html>"),
            "customers": (500, {"X-Request-Id": token, "Retry-After": token}, error),
            "invoices": (200, {}, json.dumps({"data": [token]})),
            "labors": (200, {}, json.dumps({"data": [], "meta": {"current_page": token, "last_page": token}})),
            "meters": (429, {"Retry-After": "86400"}, error),
            "teams": (404, {}, error),
            "users": (401, {}, error),
        }
        status, headers, body = answers[slug]
        self.send_response(status, token)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Say nothing."""


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module", params=["DEBUG", "INFO"])
def outcome(request: pytest.FixtureRequest, echo: str, module_files: Files) -> Outcome:
    settings = {"api_url": echo, "api_token": TOKEN, "max_wait_seconds": 5}
    config, catalog = module_files.write("config.json", settings), module_files.selection(*SLUGS)
    return run(
        *("--config", config, "--catalog", catalog),
        environment={"TAP_MAKINI_LOGLEVEL": request.param},
        program=WITHOUT_WAITS,
    )


def test_the_token_is_nowhere(outcome: Outcome) -> None:
    assert TOKEN not in outcome.errors
    assert TOKEN not in outcome.output


def test_each_answer_has_been_told(outcome: Outcome) -> None:
    assert outcome.code == 3
    assert outcome.errors.count("(secret)") >= 4
    told = outcome.logged("ERROR") + outcome.logged("WARNING")
    assert [slug for slug in SLUGS if not any(slug in line for line in told)] == []
