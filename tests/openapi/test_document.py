from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import yaml
from http_server import Received, Reply, serving

from openapi.documents import ALL, document, get, offer, read_bytes, vendor_document
from tap_makini.openapi import DocumentError, location, read_documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_makini.endpoints import Offer

GOOD = json.dumps(document({"/api/eam/x": get()}, servers=[{"url": "/v4"}])).encode()


def read(*locations: str, timeout: float = 30.0) -> Offer:
    return read_documents(locations, ALL, user_agent="tests", timeout=timeout)


def refusal(*locations: str, timeout: float = 30.0) -> str:
    with pytest.raises(DocumentError) as raised:
        read(*locations, timeout=timeout)
    message = str(raised.value)
    assert "\n" not in message
    return message


# --- files -----------------------------------------------------------------------------------------


def test_a_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "api.json").write_bytes(GOOD)

    assert [endpoint.path for endpoint in read("~/api.json").endpoints] == ["/v4/api/eam/x"]


@pytest.mark.parametrize("name", ["missing.json", "", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    message = refusal(str(tmp_path / name))

    assert str(tmp_path) in message
    assert "Check the path" in message


def test_a_text_that_is_no_path_is_refused() -> None:
    assert r"a\x00b" in refusal("a\0b")
    assert "cannot be read" in refusal("~nobody-of-this-name/api.json")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "not an OpenAPI document (expected an object at the top level)"),
        (b"[]", "not an OpenAPI document (expected an object at the top level)"),
        (b"just text", "not an OpenAPI document (expected an object at the top level)"),
        (b"{]", "neither JSON nor YAML"),
        (b"\xff\xfe\x00", "neither JSON nor YAML"),
        (b"a: b: c", "neither JSON nor YAML (line 1, column 5: "),
        (b"a: *missing", "neither JSON nor YAML (line 1, column 4: "),
        (b"a: &x {b: c}\nd: {<<: *x}", "neither JSON nor YAML (line 2, column 5: merge keys are not supported)"),
        (b"? [a]\n: b", "neither JSON nor YAML (line 1, column 3: a key is not text)"),
        (b"a: !!timestamp b", "neither JSON nor YAML (line 1, column 4: "),
        (b"a: !custom b", "neither JSON nor YAML (line 1, column 4: "),
        (b"a: !!map [b]", "neither JSON nor YAML (line 1, column 4: a key is not text)"),
        *((b"a: !!" + value, "neither JSON nor YAML") for value in (b"bool b", b"int b", b"int ''", b"float ''")),
        (b"a: " + b"9" * 10_000, "neither JSON nor YAML"),
        (b"a: " + b"{a: " * 500 + b"}" * 500, "nested too deeply"),
        (b"[" * 100_000, "nested too deeply"),
        (b"- " * 100_000, "nested too deeply"),
        (b"{}", "not an OpenAPI document (expected an object with paths"),
        (b'{"openapi": "3.1.0", "paths": {}}', "not an OpenAPI document (expected an object with paths"),
        (b'{"openapi": "3.1.0", "paths": []}', "not an OpenAPI document (expected an object with paths"),
        (b'{"swagger": "2.0", "paths": {"/x": {}}}', "not an OpenAPI 3 document (Swagger 2"),
    ],
)
def test_a_file_that_is_no_document_is_refused(content: bytes, fault: str) -> None:
    with pytest.raises(DocumentError) as raised:
        read_bytes(content)

    message = str(raised.value)
    assert message.startswith(f"0.json: {fault}")
    assert message.endswith(". Export it again from Makini's docs, as OpenAPI 3.")
    assert "\n" not in message


def test_the_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(location, "MOST_BYTES", len(GOOD) - 1)
    (tmp_path / "api.json").write_bytes(GOOD)

    assert "larger than" in refusal(str(tmp_path / "api.json"))


# --- notations -------------------------------------------------------------------------------------


def test_yaml_says_the_same_as_json() -> None:
    content = vendor_document("wms")

    assert read_bytes(yaml.dump(content, Dumper=yaml.CSafeDumper).encode()) == offer(content)


def test_yaml_is_read_as_people_write_it() -> None:
    (endpoint,) = read_bytes(
        b"""\
%YAML 1.2
---
openapi: 3.1.0
paths:
  /x:
    get:
      tags: [2024-13-45, 1e999, 0x1F]
      deprecated: no
      responses:
        404: {description: gone}
        200:
          content:
            application/json:
              schema:
                properties:
                  data:
                    type: array
                    items: &item
                      properties:
                        no: {type: string}
                        on: &flag {type: boolean}
                        12: {type: integer, example: 0x1F}
                        1.5: {enum: [1, 2.5, 1e999]}
                        null: *flag
                        2024-01-02: {type: string, example: 2024-01-02}
                        self: *item
                        'quoted': {type: "string", const: '5'}
                        words: {enum: [yes, 1:30]}
                        ~: {enum: [true, ~]}
---
paths: ignored
"""
    ).endpoints

    assert {name: column["type"][0] for name, column in endpoint.schema["properties"].items()} == {
        "no": "string",
        "on": "boolean",
        "12": "number",
        "1.5": "number",
        "null": "boolean",
        "2024-01-02": "string",
        "self": "string",
        "quoted": "string",
        "words": "string",
        "~": "boolean",
    }


def test_a_byte_order_mark_does_not_matter() -> None:
    assert read_bytes(b"\xef\xbb\xbf" + GOOD).endpoints


# --- URLs ------------------------------------------------------------------------------------------


@contextmanager
def hosting(**replies: Reply) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """Serve replies by path; yields the host with its port, and the targets and credentials that come."""
    asked: list[tuple[str, str | None]] = []

    def respond(request: Received) -> Reply:
        asked.append((request.target, request.headers["Authorization"]))
        return replies[request.path.removeprefix("/")]

    with serving(respond) as url:
        yield url.removeprefix("http://"), asked


def test_a_url_is_fetched_without_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    with hosting(docs=Reply(GOOD), moved=Reply(status=302, headers={"Location": "/docs"})) as (host, asked):
        fetched = read(f"http://{host}/moved")

    assert asked == [("/moved", None), ("/docs", None)]
    assert (fetched.servers, fetched.endpoints[0].path) == ((f"http://{host}",), "/v4/api/eam/x")


def test_credentials_of_a_url_are_used_and_never_shown() -> None:
    with hosting(docs=Reply(status=403)) as (host, asked):
        message = refusal(f"http://me:s3cret@{host}/docs?token=t0ken#f")

    assert asked == [("/docs?token=t0ken", "Basic bWU6czNjcmV0")]
    assert message.startswith(f"http://{host}/docs: the server answered 403. ")


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (Reply(status=404), "the server answered 404"),
        (Reply(status=500), "the server answered 500"),
        (Reply(status=302, headers={"Location": "/docs"}), "too many redirects"),
        (Reply(status=302, headers={"Location": "ftp://elsewhere/"}), "InvalidSchema"),
        (Reply(GOOD, headers={"Content-Length": "99999", "Connection": "close"}), "could not be fetched"),
        (Reply(b"no gzip", headers={"Content-Encoding": "gzip"}), "could not be fetched"),
        (Reply(b"<html>"), "expected an object at the top level"),
    ],
)
def test_a_response_without_a_document_is_refused(reply: Reply, fault: str) -> None:
    with hosting(docs=reply) as (host, _):
        assert fault in refusal(f"http://{host}/docs")


@pytest.mark.parametrize("url", ["http://", "http://[::1", "https://127.0.0.1:99999/x", "HTTP://me:s3cret@[x/"])
def test_a_text_that_is_no_url_is_refused_without_its_password(url: str) -> None:
    assert "s3cret" not in refusal(url)


def test_a_server_that_is_not_there_is_reported() -> None:
    with hosting() as (host, _):
        pass

    assert "could not be fetched (Connection refused)" in refusal(f"http://{host}/docs")


def test_a_response_that_takes_too_long_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert "no response within 0.2 s" in refusal(f"http://127.0.0.1:{port}/docs", timeout=0.2)
