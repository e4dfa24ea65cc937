"""Flattening, stream maps and deletion, through a real PostgreSQL server and DuckDB."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from targets.databases import DuckDB, MeltanoPostgres, PipelinewisePostgres
from targets.expected import by_key, read_json
from targets.programs import read_messages, selecting

if TYPE_CHECKING:
    from pathlib import Path

    from makini_sandbox import Sandbox
    from targets.conftest import MakeLoader
    from targets.expected import Row, Rows
    from targets.loader import Loader

ADDRESSES = ("billingAddress", "deliveryAddress", "shipmentAddress")


def served(sandbox: Sandbox, slug: str) -> Rows:
    return by_key(read_json(body) for body in sandbox.store.raw(slug))


def read(sandbox: Sandbox, folder: Path, *streams: str, **settings: object) -> bytes:
    config = {"api_url": sandbox.url, "api_token": sandbox.token, **settings}
    return read_messages(folder, config, catalog=selecting(streams))


def test_flattening_makes_columns_of_objects(sandbox: Sandbox, make_loader: MakeLoader, tmp_path: Path) -> None:
    loader = make_loader(MeltanoPostgres)
    key = sandbox.store.insert("purchase-orders", billingAddress={"city": 5, "isActive": "true", "zip": "1"})
    loader.load(read(sandbox, tmp_path, "purchase_orders", flattening_enabled=True, flattening_max_depth=1))

    found = by_key(loader.raw_rows("purchase_orders"))
    sent = served(sandbox, "purchase-orders")
    hostile = found.pop(key)
    del sent[key]
    assert (hostile["billingAddress__city"], hostile["billingAddress__isActive"]) == ("5", True)
    assert read_json(hostile["_makini_extra"]) == {"/billingAddress/zip": "1"}
    assert any(order["billingAddress"] for order in sent.values())
    assert {key: flat_parts(row) for key, row in found.items()} == {key: parts(row) for key, row in sent.items()}


def flat_parts(row: Row) -> Row:
    return {
        "orderNo": row["orderNo"],
        "lines": len(read_json(row["lineItems"])),
        **{name: (row[f"{name}__city"], row[f"{name}__isActive"]) for name in ADDRESSES},
    }


def parts(row: Row) -> Row:
    addresses = {name: row[name] or {} for name in ADDRESSES}
    return {
        "orderNo": row["orderNo"],
        "lines": len(row["lineItems"]),
        **{name: (address.get("city"), address.get("isActive")) for name, address in addresses.items()},
    }


def test_stream_maps_rename_drop_and_filter(sandbox: Sandbox, make_loader: MakeLoader, tmp_path: Path) -> None:
    loader = make_loader(MeltanoPostgres)
    maps = {
        "work_orders": {
            "__alias__": "jobs",
            "__filter__": "estimatedTime is not None and estimatedTime > 5",
            "heading": "title.upper()",
            "title": None,
            "doubled": "float(estimatedTime) * 2",
        }
    }
    sandbox.store.insert("work-orders", key="long", title="long", estimatedTime="12345678901234567890.25")
    loader.load(read(sandbox, tmp_path, "work_orders", stream_maps=maps))

    found = by_key(loader.raw_rows("jobs"))
    sent = {
        key: row
        for key, row in served(sandbox, "work-orders").items()
        if row["estimatedTime"] is not None and Decimal(row["estimatedTime"]) > 5
    }
    assert 1 < len(sent) < sandbox.store.count("work-orders")
    assert {key: (row["heading"], row["estimatedTime"]) for key, row in found.items()} == {
        key: (row["title"].upper(), Decimal(row["estimatedTime"])) for key, row in sent.items()
    }
    assert "title" not in found["long"]


@pytest.mark.parametrize("kind", [PipelinewisePostgres, DuckDB])
def test_a_target_deletes_what_makini_deleted(
    kind: type[Loader], make_loader: MakeLoader, sandbox: Sandbox, tmp_path: Path
) -> None:
    loader = make_loader(kind)
    key = sandbox.store.keys("work-orders")[0]
    loader.load(read(sandbox, tmp_path, "work_orders", mark_deleted=True), hard_delete=True)
    assert key in by_key(loader.raw_rows("work_orders"))

    sandbox.store.delete("work-orders", key)
    loader.load(read(sandbox, tmp_path, "work_orders", mark_deleted=True), hard_delete=True)
    alive = {key for key, row in served(sandbox, "work-orders").items() if row["deletedAt"] is None}
    assert by_key(loader.raw_rows("work_orders")).keys() == alive


def test_deletion_times_arrive_where_rows_are_kept(sandbox: Sandbox, make_loader: MakeLoader, tmp_path: Path) -> None:
    loader = make_loader(MeltanoPostgres)
    key = sandbox.store.insert("work-orders", deletedAt="2026-02-03T04:05:06+01:00")
    loader.load(read(sandbox, tmp_path, "work_orders", mark_deleted=True))

    found = by_key(loader.raw_rows("work_orders"))
    assert {key: row["_sdc_deleted_at"] for key, row in found.items()} == {
        key: row["deletedAt"] for key, row in found.items()
    }
    assert datetime.fromisoformat(found[key]["_sdc_deleted_at"]) == datetime(2026, 2, 3, 3, 5, 6)  # noqa: DTZ001 - stored so
