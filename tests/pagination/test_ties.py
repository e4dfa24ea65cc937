"""Records of one instant that fill more than a page, on servers that order them otherwise for each page."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from pagination.listed import START, Honor, TopN, reading

HONORS: tuple[Honor, ...] = ("honored", "ignored", "refused")


def tied(before: int, tie: int, after: int) -> TopN:
    """Give rows of which many share one instant, scattered over the table."""
    dates = [START - timedelta(minutes=number + 1) for number in range(before)]
    dates += [START] * tie
    dates += [START + timedelta(minutes=number + 1) for number in range(after)]
    scattered = [dates[(number * 7919) % len(dates)] for number in range(len(dates))]
    return TopN([*scattered])


def test_the_double_loses_rows_of_a_tie_to_who_reads_page_by_page() -> None:
    served = tied(100, 400, 100)
    keys = set[str]()
    for page in range(1, 13):
        params = {"page": str(page), "per_page": "50", "sort[updatedAt]": "0"}
        served.get("/list", params, lambda body: keys.update(part[:5] for part in body.decode().split('"key": "')[1:]))

    assert 500 < len(keys) < 600


@pytest.mark.parametrize("shape", [(0, 160, 0), (100, 60, 100), (100, 400, 100), (300, 210, 20)], ids=str)
@pytest.mark.parametrize(("by_key", "lt"), [*product(HONORS, HONORS)])
def test_no_row_of_a_tie_is_lost_without_a_word(shape: tuple[int, int, int], by_key: Honor, lt: Honor) -> None:
    served = tied(*shape)
    served.by_key, served.lt = by_key, lt
    read, keys = reading(served)

    missing = served.rows.keys() - keys
    assert not missing or read.outcome.shortages
    if by_key == "honored" and lt == "honored":
        assert not missing
        assert read.outcome.is_complete
    assert len(served.asked) < 40 * sum(shape) / 50


@pytest.mark.parametrize("by_key", HONORS)
@pytest.mark.parametrize("gteq", ["ignored", "refused"])
def test_no_row_of_a_bulk_update_is_lost_where_the_filter_is_not_honored(gteq: Honor, by_key: Honor) -> None:
    served = tied(100, 400, 30)
    served.gteq, served.by_key = gteq, by_key
    reached = START - timedelta(minutes=5)
    read, keys = reading(served, start_value=reached, reached=reached)

    missing = {key for key, date in served.rows.items() if date and date >= reached} - keys
    assert not missing or read.outcome.shortages
    if by_key == "honored":
        assert not missing


def test_a_tie_is_read_in_one_page_where_the_server_grants_it() -> None:
    served = tied(100, 400, 100)
    served.by_key = served.lt = "refused"
    served.largest = 5_000
    read, keys = reading(served)

    assert keys == served.rows.keys()
    assert read.outcome.is_complete
    assert any(int(asked["per_page"]) > 400 for asked in served.asked)


def test_a_tie_that_stays_short_holds_the_bookmark_and_is_counted() -> None:
    served = tied(0, 160, 0)
    served.by_key = served.lt = "refused"
    served.counts = -3  # three more are counted than are ever listed
    read, keys = reading(served)

    assert keys == served.rows.keys()
    assert [(shortage.received, shortage.expected) for shortage in read.outcome.shortages] == [(160, 163)]
    assert not read.outcome.is_complete


@pytest.mark.parametrize("hours", [-12, -8, -5, 0, 5, 10, 14])
@pytest.mark.parametrize("at", [None, 28, 142, 428])
def test_no_row_is_lost_to_a_filter_by_day_in_another_zone(hours: int, at: int | None) -> None:
    dates = [START + timedelta(minutes=7 * number) for number in range(600)]
    served = TopN([*dates], zone=timedelta(hours=hours))
    reached = None if at is None else dates[at]
    if at is not None:
        del served.rows[f"{at:05x}"]  # else it comes again, and shows that nothing is cut off
    read, keys = reading(served, start_value=reached, reached=reached)

    wanted = {key for key, date in served.rows.items() if reached is None or (date and date >= reached)}
    assert wanted <= keys
    assert read.outcome.is_complete


@pytest.mark.parametrize("change", [-7, -1, 0, 1, 3])
@pytest.mark.parametrize("undated", [1, 3])
def test_rows_without_a_date_come_though_both_orders_put_them_last_and_the_end_moves(undated: int, change: int) -> None:
    def grow(listed: TopN) -> None:
        if len(listed.asked) < 30:
            for _ in range(change):
                listed.rows[f"x{len(listed.rows)}"] = START + timedelta(days=1, seconds=len(listed.rows))
            for key in [*listed.rows][100 : 100 + max(-change, 0)]:
                del listed.rows[key]

    dates = [*[START + timedelta(minutes=number) for number in range(400)], *[None] * undated]
    served = TopN(dates, before=grow)
    there = set(served.rows)
    _, keys = reading(served)

    assert there & served.rows.keys() <= keys


# --- cursors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("rows", [0, 1, 49, 50, 120, 400])
def test_cursors_are_left_alone_where_filter_and_order_are_honored(rows: int, *, counts: bool) -> None:
    dates = [START + timedelta(minutes=number) for number in range(rows)]
    served = TopN([*dates], cursors=True, counts=counts)
    read, keys = reading(served)

    assert keys == served.rows.keys()
    assert read.outcome.is_complete
    follows_cursors = any("cursor" in asked for asked in served.asked)
    assert follows_cursors == (rows > 50 and not counts)  # else nothing tells of records without a date


@pytest.mark.parametrize("counts", [True, False])
def test_rows_without_a_date_come_from_a_cursor_server(*, counts: bool) -> None:
    dates = [START + timedelta(minutes=number) for number in range(300)]
    served = TopN([*dates, None, None], cursors=True, counts=counts)
    _, keys = reading(served)

    assert keys == served.rows.keys()


@pytest.mark.parametrize("start", [START, START + timedelta(minutes=100), START + timedelta(days=9)])
def test_what_a_filter_leaves_on_a_cursor_server_is_all_there_is(start: object) -> None:
    served = TopN([START + timedelta(minutes=number) for number in range(120)], cursors=True, counts=False)
    read, keys = reading(served, start_value=start, reached=start)  # type: ignore[arg-type]

    assert keys >= {key for key, date in served.rows.items() if date and date >= start}  # type: ignore[operator]
    assert read.outcome.is_complete
    assert len(served.asked) < 12


@pytest.mark.parametrize("gteq", ["ignored", "refused"])
@pytest.mark.parametrize("counts", [True, False])
def test_a_cursor_that_encodes_an_offset_loses_no_row_while_rows_go(gteq: Honor, *, counts: bool) -> None:
    def remove(listed: TopN) -> None:
        if 2 < len(listed.asked) < 12:
            del listed.rows[next(iter(listed.rows))]

    dates = [START + timedelta(minutes=number) for number in range(400)]
    served = TopN([*dates], gteq=gteq, lt="ignored", by_key="ignored", cursors=True, counts=counts, before=remove)
    read, keys = reading(served)

    assert not served.rows.keys() - keys or not read.outcome.is_complete
