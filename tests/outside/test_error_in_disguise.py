"""An error that comes with status 200 is told as fully as any other, and a wrong token is told once."""

from __future__ import annotations

import pytest
from cli.harness import Files, run

from .mock_server import Answer, serving

PROBLEM = {"error": {"code": "SOURCE_DOWN", "message": "SAP does not answer", "request_id": "rq-77"}}
DISGUISES = {
    "in the body": Answer(PROBLEM),
    "beside no data": Answer({"data": None, **PROBLEM}),
}


@pytest.mark.parametrize("answer", DISGUISES.values(), ids=DISGUISES)
def test_an_error_with_status_200_keeps_what_the_vendor_says(files: Files, answer: Answer) -> None:
    with serving(lambda _: answer) as url:
        config = files.write("config.json", {"api_url": url, "api_token": "t"})
        outcome = run("--config", config, "--catalog", files.selection("accounts"), waits=False)
    assert outcome.code == 3
    assert "SAP does not answer" in outcome.last_line
    assert "(Makini request id rq-77)" in outcome.last_line


def test_a_body_that_cannot_be_trusted_is_told_with_its_request_id(files: Files) -> None:
    with serving(lambda _: Answer({"data": []}, headers={"X-Request-Id": "rq-78"})) as url:
        config = files.write("config.json", {"api_url": url, "api_token": "t"})
        outcome = run("--config", config, "--catalog", files.selection("accounts"), waits=False)
    assert outcome.code == 3
    assert "(Makini request id rq-78)" in outcome.last_line


def test_a_wrong_token_is_told_in_one_line(files: Files) -> None:
    with serving(lambda _: Answer({"message": "Unauthenticated."}, 401)) as url:
        config = files.write("config.json", {"api_url": url, "api_token": "wrong"})
        outcome = run("--config", config)
    assert outcome.code == 1
    assert len(outcome.logged("ERROR")) == 1
    assert "Check the setting api_token" in outcome.last_line
