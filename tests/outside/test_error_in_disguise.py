"""An error with status 200 is reported as fully as any other, and a wrong token is reported once."""

from __future__ import annotations

import pytest
from cli.harness import Files, run
from http_server import Reply, serving

PROBLEM = {"error": {"code": "SOURCE_DOWN", "message": "SAP does not respond", "request_id": "rq-77"}}
DISGUISES = {
    "in the body": Reply(PROBLEM),
    "beside no data": Reply({"data": None, **PROBLEM}),
}


@pytest.mark.parametrize("reply", DISGUISES.values(), ids=DISGUISES)
def test_an_error_with_status_200_keeps_what_the_vendor_says(files: Files, reply: Reply) -> None:
    with serving(lambda _: reply) as url:
        config = files.write("config.json", {"api_url": url, "api_token": "t"})
        outcome = run("--config", config, "--catalog", files.selection("accounts"), waits=False)
    assert outcome.code == 3
    assert "SAP does not respond" in outcome.last_line
    assert "(Makini request id rq-77)" in outcome.last_line


def test_a_body_that_cannot_be_trusted_is_reported_with_its_request_id(files: Files) -> None:
    with serving(lambda _: Reply({"data": []}, headers={"X-Request-Id": "rq-78"})) as url:
        config = files.write("config.json", {"api_url": url, "api_token": "t"})
        outcome = run("--config", config, "--catalog", files.selection("accounts"), waits=False)
    assert outcome.code == 3
    assert "(Makini request id rq-78)" in outcome.last_line


def test_a_wrong_token_is_reported_in_one_line(files: Files) -> None:
    with serving(lambda _: Reply({"message": "Unauthenticated."}, 401)) as url:
        config = files.write("config.json", {"api_url": url, "api_token": "wrong"})
        outcome = run("--config", config)
    assert outcome.code == 1
    assert len(outcome.logged("ERROR")) == 1
    assert "Check the setting api_token" in outcome.last_line
