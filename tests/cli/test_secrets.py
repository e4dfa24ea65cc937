"""A server that sends the token back in every way must not bring it into the log."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from leaks import leaks

from .harness import Files, Outcome, clean_environment, run

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "s3cr3t/token+of=a%20tenant-with.60_characters/xyz0123456789"  # noqa: S105 - opens nothing
SLUGS = ["accounts", "assets", "companies", "customers", "invoices", "labors", "meters", "teams", "users"]
FORMS = {
    "groups": quote(TOKEN, safe=""),
    "sites": base64.b64encode(f"user:{TOKEN}".encode()).decode(),
    "documents": TOKEN.upper(),
    "inventories": f"{'x' * 262} {TOKEN}",  # as much as is told of a message ends within it
    "locations": "\n".join([TOKEN[:25], TOKEN[25:]]),
    "materials": "\u200b\x00".join(TOKEN),
    "projects": TOKEN.replace("/", "\\/"),
}


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
            **{slug: (418, {}, json.dumps({"message": form, "request_id": form})) for slug, form in FORMS.items()},
        }
        status, headers, body = answers.get(slug, answers["teams"])
        self.answer(status, body, token, headers)

    def answer(self, status: int, body: str, reason: str | None = None, headers: dict[str, str] | None = None) -> None:
        self.send_response(status, reason)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Say nothing."""


class EchoInRecords(Echo):
    """Gives records with the token in them: in a column, in what no column takes, and in the connection's name."""

    def do_GET(self) -> None:
        token = self.headers["Authorization"].removeprefix("Bearer ")
        data: Any = [
            {"key": f"{number:040x}", "updatedAt": "2025-01-02T03:04:05Z", "name": token, "a/b": {token: [token]}}
            for number in range(3)
        ]
        if self.path.startswith("/api/integrations"):
            data = {"id": "1", "company_name": f"Acme {token}", "sync_status": "fulldone"}
        meta = {"current_page": 1, "last_page": 1, "per_page": 100, "total": 3}
        self.answer(200, json.dumps({"data": data, "meta": meta}).replace("/", "\\/"))


def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    yield from serving(Echo)


@pytest.fixture(scope="module")
def echo_in_records() -> Iterator[str]:
    yield from serving(EchoInRecords)


def arguments(files: Files, url: str, slugs: list[str], **settings: object) -> list[Any]:
    config = {"api_url": url, "api_token": TOKEN, "max_wait_seconds": 5, **settings}
    return ["--config", files.write("config.json", config), "--catalog", files.selection(*slugs)]


@pytest.fixture(scope="module", params=["DEBUG", "INFO"])
def outcome(request: pytest.FixtureRequest, echo: str, module_files: Files) -> Outcome:
    return run(
        *arguments(module_files, echo, [*SLUGS, *FORMS]),
        environment={"TAP_MAKINI_LOGLEVEL": request.param},
        waits=False,
    )


def leaking(text: str) -> list[str]:
    return [line for line in text.splitlines() if leaks(TOKEN, line)]


def test_nothing_of_the_token_is_anywhere(outcome: Outcome) -> None:
    assert leaking(outcome.errors) == []
    assert leaking(outcome.output) == []


def test_each_answer_has_been_told(outcome: Outcome) -> None:
    assert outcome.code == 3
    assert outcome.errors.count("(secret)") >= 4
    told = outcome.logged("ERROR") + outcome.logged("WARNING")
    assert [slug for slug in [*SLUGS, *FORMS] if not any(slug in line for line in told)] == []


def test_nothing_of_it_is_in_the_connection_test(echo: str, module_files: Files) -> None:
    command = arguments(module_files, echo, ["accounts"], connections=[{"name": f"of {TOKEN}", "api_token": TOKEN}])
    config = json.loads(command[1].read_text())
    del config["api_token"]
    checked = run("--config", module_files.write("named.json", config), "--test", waits=False)

    assert checked.code == 3
    assert checked.output.startswith("Connection of (secret)\n")
    assert leaking(checked.output + checked.errors) == []


def test_nothing_of_it_is_in_logs_that_are_configured(echo: str, module_files: Files) -> None:
    file = module_files.folder / "log.json"
    formatter = {"()": "singer_sdk.logging.StructuredFormatter"}
    handler = {"class": "logging.FileHandler", "filename": str(file), "formatter": "json"}
    own = {"handlers": ["file"], "propagate": False, "level": "DEBUG"}
    document = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": formatter},
        "handlers": {"file": handler},
        "loggers": dict.fromkeys(("tap_makini", "tap-makini", "urllib3"), own),
    }
    run(
        *arguments(module_files, echo, [*SLUGS, *FORMS]),
        environment={"SINGER_SDK_LOG_CONFIG": str(module_files.write("logging.yaml", document))},
        waits=False,
    )
    written = file.read_text()

    assert "(secret)" in written
    assert leaking(written) == []


@pytest.mark.parametrize(
    "wrong",
    [["--state", f"no/{TOKEN}"], [f"--{TOKEN}"], [TOKEN], [f"--test={TOKEN}"], ["--config", f"no/{TOKEN}"]],
    ids=["state", "option", "argument", "test", "settings"],
)
def test_nothing_of_it_is_in_what_is_said_of_a_wrong_command_line(wrong: list[str]) -> None:
    refused = run(*wrong, environment={"TAP_MAKINI_API_TOKEN": TOKEN})

    assert refused.code == 2
    assert leaking(refused.errors) == []


def test_nothing_of_it_is_said_of_a_wrong_command_line_where_settings_hold_it(files: Files) -> None:
    refused = run("--config", files.write("config.json", {"api_token": TOKEN}), "--catalog", f"no/{TOKEN}")

    assert refused.code == 2
    assert "(secret)" in refused.last_line
    assert leaking(refused.errors) == []


UNCAUGHT = """
import sys, threading, warnings
from tap_makini.tap import TapMakini

def fail(token):
    raise ValueError(f"no access for {token}")

def go_wrong(cls, print_fn):
    token = sys.argv[0]
    warnings.warn(f"deprecated for {token}")
    thread = threading.Thread(target=fail, args=[token])
    thread.start()
    thread.join()
    fail(token)

TapMakini.print_version = classmethod(go_wrong)
sys.argv[:] = [sys.argv[1], "--version"]
TapMakini.cli()
"""


def test_nothing_of_it_is_in_warnings_and_in_what_nobody_catches() -> None:
    environment = clean_environment({"TAP_MAKINI_API_TOKEN": TOKEN})
    done = subprocess.run(
        [sys.executable, "-c", UNCAUGHT, TOKEN], capture_output=True, check=False, encoding="utf-8", env=environment
    )

    assert done.returncode == 1
    assert [done.stderr.count(told) for told in ("deprecated for", "    ValueError: no access for")] == [1, 2]
    assert leaking(done.stderr) == []


# --- in records ------------------------------------------------------------------------------------


MAPPED = {"stream_maps": {"accounts": {"name_twice": "name + name"}}}


@pytest.mark.parametrize("settings", [{}, MAPPED], ids=["as they are", "mapped"])
def test_in_records_it_is_masked_where_the_tap_adds_it_only(
    files: Files, echo_in_records: str, settings: dict[str, Any]
) -> None:
    read = run(*arguments(files, echo_in_records, ["accounts", "teams", "connections"], **settings))

    assert read.code == 0, read.errors
    assert Counter(message["stream"] for message in read.of("RECORD")) == {"accounts": 3, "teams": 3, "connections": 1}
    for message in read.of("RECORD", "accounts") + read.of("RECORD", "teams"):
        record = message["record"]
        assert record["name"] == TOKEN
        assert record["_makini_connection"] == "Acme (secret)"
        assert json.loads(record["_makini_extra"]) == {"/a~1b": {"(secret)": ["(secret)"]}}
    [connection] = read.of("RECORD", "connections")
    assert connection["record"]["company_name"] == f"Acme {TOKEN}"
    assert leaking(read.errors) == []


def test_of_what_is_left_in_records_there_is_one_warning_a_stream(files: Files, echo_in_records: str) -> None:
    read = run(*arguments(files, echo_in_records, ["accounts", "teams", "connections"]))

    told = [line for line in read.logged("WARNING") if "token in" in line]
    assert sorted(line.split(":")[0] for line in told) == ["Stream accounts", "Stream connections", "Stream teams"]
    assert [line.split(" in ")[1].split(",")[0] for line in sorted(told)] == ["name", "company_name", "name"]
