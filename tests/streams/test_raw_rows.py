"""Every row of a raw table comes, in each form that is understood; every other form fails."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from direct_sandbox import DirectSandbox

from makini_sandbox import Behaviour, Fault, Sandbox

from .raw_harness import STREAM, raw_catalog, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cli.harness import Outcome

pytestmark = pytest.mark.usefixtures("_few_lists")

PAGE = 10
T = ["T"]
SLIPPED = "Stream raw_T changed while it was read, and some records may have slipped through"


def rows(count: int) -> list[dict[str, str]]:
    """Return rows, each of which is there twice, except the last of an odd number."""
    return [{"a": f"{number // 2}"} for number in range(count)]


def counted(rows: Iterable[Mapping[str, str]]) -> Counter[str]:
    return Counter(row["a"] for row in rows)


def came(outcome: Outcome) -> Counter[str]:
    return counted(message["record"] for message in outcome.of("RECORD", STREAM))


@pytest.mark.parametrize("count", [0, 1, PAGE, 25])
@pytest.mark.parametrize("pages", ["honoured", "ignored", "refused"])
@pytest.mark.parametrize("answer", ["envelope", "list", "data"])
def test_all_rows_come_and_equal_ones_as_often_as_they_are_there(
    answer: Any,  # noqa: ANN401 - a literal, as the next one
    pages: Any,  # noqa: ANN401
    count: int,
) -> None:
    behaviour = Behaviour(raw_answer=answer, raw_pages=pages, raw_page_size=PAGE)
    with DirectSandbox(raw={"T": rows(count)}, behaviour=behaviour) as sandbox:
        outcome = read(sandbox, raw_catalog("a"), raw_tables=T)
    assert outcome.code == 0
    assert came(outcome) == counted(rows(count))
    [schema] = outcome.of("SCHEMA", STREAM)
    assert schema["key_properties"] == []


@pytest.mark.parametrize("count", [0, 1, PAGE, 25])
@pytest.mark.parametrize("pages", ["honoured", "ignored", "refused"])
@pytest.mark.parametrize("words", ["total", "next"])
def test_words_beside_the_rows_do_not_fail_a_table_that_is_whole(
    pages: Any,  # noqa: ANN401 - a literal, as the next one
    words: Any,  # noqa: ANN401
    count: int,
) -> None:
    behaviour = Behaviour(raw_pages=pages, raw_page_size=PAGE, raw_words=words)
    with DirectSandbox(raw={"T": rows(count)}, behaviour=behaviour) as sandbox:
        outcome = read(sandbox, raw_catalog("a"), raw_tables=T)
    assert outcome.code == 0
    assert came(outcome) == counted(rows(count))


def test_a_table_that_says_that_rows_follow_but_repeats_its_page_fails() -> None:
    behaviour = Behaviour(raw_pages="stuck", raw_page_size=PAGE, raw_words="next")
    with DirectSandbox(raw={"T": rows(25)}, behaviour=behaviour) as sandbox:
        outcome = read(sandbox, raw_catalog("a"), raw_tables=T)
    assert outcome.code == 3
    assert "says that more records follow" in outcome.errors


@pytest.mark.parametrize(
    ("answer", "count", "seen"),
    [
        ("object", 1, "an object with 'a' (text)"),
        ("rows", 25, "an object with 'rows' (array)"),
    ],
)
def test_a_table_of_another_form_fails_and_says_what_came(answer: Any, count: int, seen: str) -> None:  # noqa: ANN401 - a literal
    with DirectSandbox(raw={"T": rows(count)}, behaviour=Behaviour(raw_answer=answer)) as sandbox:
        outcome = read(sandbox, raw_catalog("a"), raw_tables=T)
    assert outcome.code == 3
    assert f"expected a list or an object with the list 'data', but the body is {seen}" in outcome.errors
    assert not outcome.of("RECORD")


@pytest.mark.parametrize("answer", ["envelope", "data", "list"])
@pytest.mark.parametrize("at", [0, 25], ids=["front", "end"])
@pytest.mark.parametrize(("times", "is_settled"), [(1, True), (100, False)])
def test_no_row_is_lost_while_rows_are_inserted(
    caplog: pytest.LogCaptureFixture,
    answer: Any,  # noqa: ANN401 - a literal
    at: int,
    times: int,
    is_settled: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    behaviour = Behaviour(raw_answer=answer, raw_page_size=PAGE)
    with DirectSandbox(raw={"T": rows(25)}, behaviour=behaviour) as sandbox:
        raw, new = sandbox.store.raw_tables, iter(range(times))

        def insert(_: Sandbox, request: Any) -> None:  # noqa: ANN401 - a recorded request
            if request.slug == "raw/T" and (number := next(new, None)) is not None:
                held = raw.rows("T")
                raw.set("T", [*held[:at], {"a": f"new {number}"}, *held[at:]])

        sandbox.on_request(insert)
        outcome = read(sandbox, raw_catalog("a"), raw_tables=T)
    assert outcome.code == 0
    assert not counted(rows(25)) - came(outcome)
    assert (SLIPPED in caplog.text) is not is_settled


@pytest.mark.parametrize("words", ["none", "total", "next"])
def test_no_row_is_lost_when_one_before_it_goes(words: Any) -> None:  # noqa: ANN401 - a literal
    with DirectSandbox(raw={"T": rows(25)}, behaviour=Behaviour(raw_page_size=PAGE, raw_words=words)) as sandbox:
        raw = sandbox.store.raw_tables

        def drop_the_first(_: Sandbox, request: Any) -> None:  # noqa: ANN401 - a recorded request
            if request.query.get("page") == "2" and len(raw.rows("T")) == 25:
                raw.set("T", raw.rows("T")[1:])

        sandbox.on_request(drop_the_first)
        outcome = read(sandbox, raw_catalog("a"), raw_tables=T)
    assert outcome.code == 0
    assert not counted(rows(25)[1:]) - came(outcome)


@pytest.mark.parametrize("changes", [False, True])
def test_older_rows_are_dropped_only_when_all_have_come_for_sure(changes: bool) -> None:  # noqa: FBT001 - a parameter
    with DirectSandbox(raw={"T": rows(25)}, behaviour=Behaviour(raw_page_size=PAGE)) as sandbox:

        def insert(sandbox: Sandbox, request: Any) -> None:  # noqa: ANN401 - a recorded request
            if changes:
                sandbox.store.raw_tables.set("T", [{"a": f"{request.number}"}, *rows(25)])

        sandbox.on_request(insert)
        outcome = read(sandbox, raw_catalog("a"), raw_tables=T, emit_activate_version_messages=True)
    assert bool(outcome.of("ACTIVATE_VERSION", STREAM)) is not changes


@pytest.mark.parametrize("fault", ["not_json", "html_200", "data_null", "data_missing", "truncated_json", "status"])
@pytest.mark.parametrize("page", [1, 2])
def test_a_broken_response_is_not_an_end(fault: Any, page: int) -> None:  # noqa: ANN401 - a literal
    behaviour = Behaviour(raw_page_size=PAGE, faults=[Fault(fault, slug="raw/T", page=page, times=None)])
    with DirectSandbox(raw={"T": rows(25)}, behaviour=behaviour) as sandbox:
        outcome = read(sandbox, raw_catalog("a"), raw_tables=T)
    assert outcome.code == 3
    assert STREAM in outcome.errors
