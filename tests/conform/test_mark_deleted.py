"""The setting `mark_deleted`: a column `_sdc_deleted_at` with the time from `deletedAt`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_makini.conform import compile_conformer
from tap_makini.schema import load_item_schema, stream_schema, with_deletion_column
from tap_makini.tap import TapMakini

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_makini.conform import Breadcrumb

SCHEMA = with_deletion_column(stream_schema(load_item_schema("WorkOrder"), ("key",)))


def conformed(raw: bytes, selected: Callable[[Breadcrumb], bool] = lambda _: True) -> dict[str, Any]:
    conformer = compile_conformer(SCHEMA, selected, connection=None)
    output = conformer.record(raw)
    assert conformer.record(output) == output
    record: dict[str, Any] = json.loads(output)
    return record


@pytest.mark.parametrize(
    ("sent", "marked"),
    [
        ('"2026-01-02T03:04:05Z"', "2026-01-02T03:04:05Z"),
        ('"2026-01-02T03:04:05+02:00"', "2026-01-02T01:04:05Z"),
        ("null", None),
        ('"0000-00-00"', None),
        ("NaN", None),
    ],
)
def test_the_mark_has_the_time_of_the_column(sent: str, marked: str | None) -> None:
    record = conformed(b'{"key":"a","deletedAt":%b}' % sent.encode())
    assert (record["deletedAt"], record["_sdc_deleted_at"]) == (marked, marked)


def test_a_record_without_deletion_time_is_not_marked() -> None:
    assert conformed(b'{"key":"a"}')["_sdc_deleted_at"] is None


def test_what_the_source_sends_under_the_name_is_kept() -> None:
    record = conformed(b'{"key":"a","deletedAt":"2026-01-02T03:04:05Z","_sdc_deleted_at":5}')
    assert record["_sdc_deleted_at"] == "2026-01-02T03:04:05Z"
    assert json.loads(record["_makini_extra"]) == {"/_sdc_deleted_at": 5}


def test_the_mark_needs_no_selection_of_the_time() -> None:
    conformer = compile_conformer(SCHEMA, lambda path: path[-1] != "deletedAt", connection=None)
    record = json.loads(conformer.record(b'{"key":"a","deletedAt":"2026-01-02T03:04:05Z"}'))
    assert record["_sdc_deleted_at"] == "2026-01-02T03:04:05Z"
    assert "deletedAt" not in record


def test_the_mark_can_be_deselected() -> None:
    record = conformed(b'{"key":"a","deletedAt":null}', lambda path: path[-1] != "_sdc_deleted_at")
    assert record.keys() == {"key", "deletedAt", "_makini_connection", "_makini_extra"}


def sent_columns(stream: str, **options: Any) -> set[str]:  # noqa: ANN401 - the tap's own
    tap = TapMakini(validate_config=False, **options)
    schema: dict[str, Any] = tap.streams[stream].stream_maps[0].transformed_schema
    assert schema["properties"].keys() == tap.streams[stream].effective_schema["properties"].keys()
    return set(schema["properties"])


def test_only_streams_whose_records_say_when_they_were_deleted_have_the_column() -> None:
    assert "_sdc_deleted_at" in sent_columns("work_orders", config={"mark_deleted": True})
    assert "_sdc_deleted_at" not in sent_columns("documents", config={"mark_deleted": True})
    assert "_sdc_deleted_at" not in sent_columns("work_orders", config={})


def test_a_catalog_made_without_the_setting_gets_the_column() -> None:
    catalog = TapMakini(config={}, validate_config=False).catalog_dict
    assert "_sdc_deleted_at" in sent_columns("work_orders", config={"mark_deleted": True}, catalog=catalog)
    assert "_sdc_deleted_at" not in sent_columns("work_orders", config={}, catalog=catalog)
