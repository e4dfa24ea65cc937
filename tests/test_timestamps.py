from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_makini.conform.values import DATE_TIME
from tap_makini.timestamps import floor_day, floor_second, format_timestamp, parse_timestamp, parse_timestamps

zones = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
utc_instants = st.datetimes(timezones=st.just(timezone.utc))
anywhere = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=zones)  # noqa: DTZ001 - strategies add it
MORNING = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


@given(utc_instants | anywhere)
@example(datetime(1, 1, 1, tzinfo=timezone.utc))
def test_what_is_written_for_the_state_is_read_again(instant: datetime) -> None:
    assert parse_timestamp(format_timestamp(instant)) == instant


@given(utc_instants | anywhere)
@example(datetime(1, 1, 1, tzinfo=timezone.utc))
def test_a_bound_is_the_instant_without_its_fraction(instant: datetime) -> None:
    assert parse_timestamp(format_timestamp(instant, "seconds")) == floor_second(instant)


@given(anywhere, anywhere)
def test_order_in_the_state_is_order_in_time(one: datetime, other: datetime) -> None:
    assert (format_timestamp(one) < format_timestamp(other)) == (one < other)


@given(anywhere)
def test_isoformat_is_read_whatever_its_offset(instant: datetime) -> None:
    assert parse_timestamp(instant.isoformat()) == instant
    assert parse_timestamp(instant.isoformat(sep=" ")) == instant


@given(anywhere)
def test_an_instant_without_a_zone_is_in_utc(instant: datetime) -> None:
    naive = instant.replace(tzinfo=None)

    assert parse_timestamp(naive.isoformat()) == naive.replace(tzinfo=timezone.utc)


@given(st.from_regex(r"[0-9]{1,9}", fullmatch=True), st.sampled_from([".", ","]), st.sampled_from(["", "Z", "+00:00"]))
def test_fractions_of_any_length_are_cut_to_microseconds(digits: str, point: str, zone: str) -> None:
    read = parse_timestamp(f"2025-01-02T03:04:05{point}{digits}{zone}")

    assert read == MORNING + timedelta(microseconds=int(digits.ljust(6, "0")[:6]))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-01-02T03:04:05Z", MORNING),
        ("2025-01-02t03:04:05z", MORNING),
        (" 2025-01-02T03:04:05Z\n", MORNING),
        ("2025-01-02 03:04:05 Z", MORNING),
        ("2025-01-02T05:04:05+0200", MORNING),
        ("2025-01-02 05:04:05 +02", MORNING),
        ("2025-01-01T22:04:05-05:00", MORNING),
        ("2025-01-02T03:04", MORNING.replace(second=0)),
        ("2025-01-02T03:04Z", MORNING.replace(second=0)),
        ("2025-01-02", MORNING.replace(hour=0, minute=0, second=0)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=timezone.utc)),
    ],
)
def test_forms(text: str, instant: datetime) -> None:
    assert parse_timestamp(text) == instant


@pytest.mark.parametrize(
    "value",
    [
        "",
        "never",
        "0000-00-00 00:00:00",
        "2025-02-30",
        "2023-02-29T00:00:00Z",
        "2025-01-02T25:00:00Z",
        "2025-01-02T03:04:05+25:00",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2025-01-02Z",
        "20250102T030405Z",
        "2025-W01-1T03:04:05Z",
        "2025-01-02T03:04+02Z",
        "2025-01-02T03:04.5Z",
        "2025-01-02T03:04:05+02:75",
        "٢٠٢٥-01-02",
        "2025-01-02\x00",
        "1735787045",
        1_735_787_045,
        17.5,
        True,
        None,
        ["2025-01-02"],
        {"date": "2025-01-02"},
    ],
)
def test_what_is_no_date_is_none(value: object) -> None:
    assert parse_timestamp(value) is None


USUAL = st.from_regex(
    r"[0-9]{3}[1-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,9})?Z", fullmatch=True
)


@given(st.lists(USUAL) | st.lists(USUAL | st.text() | st.none() | st.integers() | anywhere.map(datetime.isoformat)))
@example(["2025-01-02T03:04:05", "Z"])
@example(["2025-01-02T03:04:05Z2025-01-02T03:04:05Z", ""])
@example(["2025-01-02T03:04:05.1", "2Z"])
@example(["2025-01-02T03:04:05.999999Z", "2025-01-02T03:04:05.9999999Z"])
def test_many_at_once_are_read_like_each_alone(values: list[object]) -> None:
    read = parse_timestamps(values)

    assert read == list(map(parse_timestamp, values))
    assert all(instant is None or instant.tzinfo is timezone.utc for instant in read)


@given(st.text() | st.from_regex(r"\d{2,5}-\d\d?-\d\d?.?[\d:.,+ TZ-]*"))
def test_any_text_is_an_instant_in_utc_or_none(text: str) -> None:
    read = parse_timestamp(text)

    assert read is None or read.utcoffset() == timedelta(0)


@given(utc_instants)
def test_floors_cut_off_less_than_their_unit(instant: datetime) -> None:
    assert timedelta(0) <= instant - floor_second(instant) < timedelta(seconds=1)
    assert timedelta(0) <= instant - floor_day(instant) < timedelta(days=1)
    assert format_timestamp(floor_day(instant), "seconds").endswith("T00:00:00Z")


@given(st.from_regex(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,8})?)? ?(Z|[+-]\d\d(:?\d\d)?)?)?", fullmatch=True))
@example("2025-01-02 03:04:05 +02")
@example("2025-01-02T03:04.5Z")
def test_bookmarks_and_columns_take_the_same_texts(text: str) -> None:
    """What a record has in a column of instants is what its bookmark is compared by."""
    column = DATE_TIME.fallback(json.dumps(text).encode())
    assert parse_timestamp(text) == (column and parse_timestamp(json.loads(column)))
