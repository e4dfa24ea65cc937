"""Nothing of a token reaches the log, in whatever way a server sends it back."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from http_server import Received, Reply, serving
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
    "inventories": f"{'x' * 262} {TOKEN}",  # the part of a message that is logged ends within it
    "locations": "\n".join([TOKEN[:25], TOKEN[25:]]),
    "materials": "\u200b\x00".join(TOKEN),
    "projects": TOKEN.replace("/", "\\/"),
}


def echo_in_errors(request: Received) -> Reply:
    """Respond to a request for each entity in another wrong way, with the token in it."""
    token = request.headers["Authorization"]
    slug = request.path.split("/")[3]
    error = {"message": f"no access for {token}", "code": token, "request_id": token}
    replies = {
        "accounts": Reply(error, 418),
        "assets": Reply(status=302, headers={"Location": f"/login?{token}"}),
        "companies": Reply(f"<html>{token}</html>".encode()),
        "customers": Reply(error, 500, {"X-Request-Id": token, "Retry-After": token}),
        "invoices": Reply({"data": [token]}),
        "labors": Reply({"data": [], "meta": {"current_page": token, "last_page": token}}),
        "meters": Reply(error, 429, {"Retry-After": "86400"}),
        "teams": Reply(error, 404),
        "users": Reply(error, 401),
        **{slug: Reply({"message": form, "request_id": form}, 418) for slug, form in FORMS.items()},
    }
    return replies.get(slug, replies["teams"])._replace(reason=token)


def echo_in_records(request: Received) -> Reply:
    """Send records with the token in them: in a column, in what no column takes, and in the connection's name."""
    token = request.headers["Authorization"].removeprefix("Bearer ")
    data: Any = [
        {"key": f"{number:040x}", "updatedAt": "2025-01-02T03:04:05Z", "name": token, "a/b": {token: [token]}}
        for number in range(3)
    ]
    if request.path.startswith("/api/integrations"):
        data = {"id": "1", "company_name": f"Acme {token}", "sync_status": "fulldone"}
    meta = {"current_page": 1, "last_page": 1, "per_page": 100, "total": 3}
    return Reply(json.dumps({"data": data, "meta": meta}).replace("/", "\\/").encode())


@pytest.fixture(scope="module")
def echoing_errors() -> Iterator[str]:
    with serving(echo_in_errors) as url:
        yield url


@pytest.fixture(scope="module")
def echoing_records() -> Iterator[str]:
    with serving(echo_in_records) as url:
        yield url


def arguments(files: Files, url: str, slugs: list[str], **settings: object) -> list[Any]:
    config = {"api_url": url, "api_token": TOKEN, "max_wait_seconds": 5, **settings}
    return ["--config", files.write("config.json", config), "--catalog", files.selection(*slugs)]


@pytest.fixture(scope="module", params=["DEBUG", "INFO"])
def outcome(request: pytest.FixtureRequest, echoing_errors: str, module_files: Files) -> Outcome:
    return run(
        *arguments(module_files, echoing_errors, [*SLUGS, *FORMS]),
        environment={"TAP_MAKINI_LOGLEVEL": request.param},
        waits=False,
    )


def leaking(text: str) -> list[str]:
    return [line for line in text.splitlines() if leaks(TOKEN, line)]


def test_neither_log_nor_output_holds_any_part_of_the_token(outcome: Outcome) -> None:
    assert leaking(outcome.errors) == []
    assert leaking(outcome.output) == []


def test_each_response_is_reported(outcome: Outcome) -> None:
    assert outcome.code == 3
    assert outcome.errors.count("(secret)") >= 4
    lines = outcome.logged("ERROR") + outcome.logged("WARNING")
    assert [slug for slug in [*SLUGS, *FORMS] if not any(slug in line for line in lines)] == []


def test_the_connection_test_shows_no_token(echoing_errors: str, module_files: Files) -> None:
    command = arguments(
        module_files, echoing_errors, ["accounts"], connections=[{"name": f"of {TOKEN}", "api_token": TOKEN}]
    )
    config = json.loads(command[1].read_text())
    del config["api_token"]
    checked = run("--config", module_files.write("named.json", config), "--test", waits=False)

    assert checked.code == 3
    assert checked.output.startswith("Connection of (secret)\n")
    assert leaking(checked.output + checked.errors) == []


def test_a_configured_log_holds_no_token(echoing_errors: str, module_files: Files) -> None:
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
        *arguments(module_files, echoing_errors, [*SLUGS, *FORMS]),
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
def test_the_message_about_a_wrong_command_line_holds_no_token_of_the_environment(wrong: list[str]) -> None:
    refused = run(*wrong, environment={"TAP_MAKINI_API_TOKEN": TOKEN})

    assert refused.code == 2
    assert leaking(refused.errors) == []


def test_the_message_about_a_wrong_command_line_holds_no_token_of_the_settings(files: Files) -> None:
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


def test_warnings_and_uncaught_errors_hold_no_token() -> None:
    environment = clean_environment({"TAP_MAKINI_API_TOKEN": TOKEN})
    done = subprocess.run(
        [sys.executable, "-c", UNCAUGHT, TOKEN], capture_output=True, check=False, encoding="utf-8", env=environment
    )

    assert done.returncode == 1
    assert [done.stderr.count(text) for text in ("deprecated for", "    ValueError: no access for")] == [1, 2]
    assert leaking(done.stderr) == []


# --- in records ------------------------------------------------------------------------------------


MAPPED = {"stream_maps": {"accounts": {"name_twice": "name + name"}}}


@pytest.mark.parametrize("settings", [{}, MAPPED], ids=["as they are", "mapped"])
def test_in_records_only_what_the_tap_adds_is_masked(
    files: Files, echoing_records: str, settings: dict[str, Any]
) -> None:
    read = run(*arguments(files, echoing_records, ["accounts", "teams", "connections"], **settings))

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


def test_each_stream_with_a_token_in_its_records_logs_one_warning(files: Files, echoing_records: str) -> None:
    read = run(*arguments(files, echoing_records, ["accounts", "teams", "connections"]))

    lines = [line for line in read.logged("WARNING") if "token in" in line]
    assert sorted(line.split(":")[0] for line in lines) == ["Stream accounts", "Stream connections", "Stream teams"]
    assert [line.split(" in ")[1].split(",")[0] for line in sorted(lines)] == ["name", "company_name", "name"]
