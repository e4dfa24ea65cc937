from __future__ import annotations

from copy import copy

import pytest

from tap_makini.errors import BadBodyError, MakiniError, NotFoundError, TransientError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (MakiniError("it broke", "Fix it.", "id-1"), "it broke (Makini request id id-1). Fix it."),
        (NotFoundError("it broke", "Fix it."), "it broke. Fix it."),
        (TransientError("it broke"), "it broke. Makini or the network has a problem; run again later."),
        (BadBodyError("it broke"), "it broke. The response is not valid; run again later, and report it to Makini if"),
    ],
)
def test_an_error_says_everything_in_one_line(error: MakiniError, text: str) -> None:
    assert str(error).startswith(text)
    assert "\n" not in str(error)


def test_errors_are_equal_only_to_themselves() -> None:
    error = MakiniError("it broke", "Fix it.")
    assert error != MakiniError("it broke", "Fix it.")
    assert len({error, MakiniError("it broke", "Fix it.")}) == 2
    assert str(copy(error)) == str(error)


def test_a_bad_body_is_repeated_a_few_times_only() -> None:
    assert 0 < BadBodyError("cut").max_retries < 10
