"""The form of catalogs, which people and programs edit."""

from __future__ import annotations

import pytest

from tap_makini.catalog import form_faults


def catalog_of(**changes: object) -> dict[str, object]:
    return {"streams": [{"tap_stream_id": "assets", "metadata": [], **changes}]}


@pytest.mark.parametrize(
    ("catalog", "lines"),
    [
        ({}, ["Catalog: 'streams' must be an array."]),
        ({"streams": 7}, ["Catalog: 'streams' must be an array."]),
        (
            {"streams": [7, {}]},
            ["Catalog, stream number 1: Expected 'object'", "Catalog, stream number 2: Object missing"],
        ),
        (catalog_of(tap_stream_id=7), ["Catalog, stream 7: tap_stream_id: Expected 'str'"]),
        (catalog_of(stream="machines"), ["Catalog, stream assets: 'stream' is 'machines', but must be"]),
        (catalog_of(key_properties="key"), ["Catalog, stream assets: key_properties: Expected 'array"]),
        (catalog_of(replication_key=["updatedAt"]), ["Catalog, stream assets: replication_key: Expected 'str"]),
        (catalog_of(replication_method="incremental"), ["Catalog, stream assets: replication_method: Invalid enum"]),
        (catalog_of(metadata={"selected": True}), ["Catalog, stream assets: metadata: Expected 'array'"]),
        (catalog_of(metadata=None), ["Catalog, stream assets: metadata: Expected 'array'"]),
        (catalog_of(metadata=["selected"]), ["Catalog, stream assets: metadata[0]: Expected 'object'"]),
        (
            catalog_of(metadata=[{"metadata": {}}]),
            ["Catalog, stream assets: metadata[0]: Object missing required field 'br"],
        ),
        (
            catalog_of(metadata=[{"breadcrumb": "properties", "metadata": {}}]),
            ["Catalog, stream assets: metadata[0].breadcrumb: Expected 'array'"],
        ),
        (
            catalog_of(metadata=[{"breadcrumb": [], "metadata": {"selected": "false"}}]),
            ["Catalog, stream assets: metadata[0].metadata.selected: Expected 'bool"],
        ),
        (
            catalog_of(metadata=[{"breadcrumb": [], "metadata": {"replication-key": ["updatedAt"]}}]),
            ["Catalog, stream assets: metadata[0].metadata.replication-key: Expected 'str"],
        ),
        (catalog_of(schema=None), ["Catalog, stream assets: schema: Expected 'object'"]),
        (
            catalog_of(schema={"properties": {"key": {}, "name": {"items": {"type": 5}}}}),
            ["Catalog, stream assets: schema.properties.name.items.type: Expected"],
        ),
        ({"streams": [{"tap_stream_id": "assets"}] * 2}, ["Catalog, stream assets: it has 2 entries."]),
    ],
    ids=repr,
)
def test_an_object_that_is_no_catalog_is_refused_by_line(catalog: dict[str, object], lines: list[str]) -> None:
    found = form_faults(catalog)
    assert len(found) == len(lines)
    for message, line in zip(found, lines, strict=True):
        assert message.startswith(line)
        assert "\n" not in message


@pytest.mark.parametrize(
    "catalog",
    [{"streams": []}, catalog_of(), catalog_of(stream=None), catalog_of(stream="assets", schema={}, row_count=5)],
    ids=repr,
)
def test_a_catalog_may_leave_out_what_is_not_needed(catalog: dict[str, object]) -> None:
    assert form_faults(catalog) == []
