"""Names that are too long for a database stay apart when they are cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tap_makini.identifiers import LONGEST_NAME, shorten


@given(st.text(max_size=63))
def test_what_fits_stays(name: str) -> None:
    assert shorten(name) == name or len(name.encode()) > LONGEST_NAME


@given(st.text(min_size=20), st.lists(st.text(), min_size=2, max_size=5, unique=True))
def test_all_fit_and_stay_apart(start: str, ends: list[str]) -> None:
    long = [start * 8 + end for end in ends]
    short = [shorten(name) for name in long]
    assert all(len(name.encode()) <= LONGEST_NAME for name in short)
    assert len(set(short)) == len(set(long))
