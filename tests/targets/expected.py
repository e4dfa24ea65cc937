"""What a database has to hold of what the sandbox serves; made without the tap's own code."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from makini_sandbox.entities import ENTITIES
from targets.hostile import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from makini_sandbox import Sandbox

Schema = dict[str, Any]
Row = dict[str, Any]
Rows = dict[str, Row]
CONNECTION = "_makini_connection"
EXTRA = "_makini_extra"
_NAME = "Sandbox main"  # what the sandbox calls its connection
_write = msgspec.json.Encoder(decimal_format="number").encode
_HOSTILE = {hostile.body: hostile for hostile in HOSTILE}


def stream_of(slug: str) -> str:
    """Give the name of an entity's stream."""
    return re.sub("[-./]", "_", slug)


def read_json(text: str | bytes) -> Any:  # noqa: ANN401 - any JSON
    """Read JSON with all digits of its numbers."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def schemas_in(messages: bytes) -> dict[str, Schema]:
    """Give the schemas that the tap sent, by stream."""
    sent = (json.loads(line) for line in messages.splitlines() if line.startswith(b'{"type":"SCHEMA"'))
    return {message["stream"]: message["schema"] for message in sent}


def expected_rows(sandbox: Sandbox, schemas: Mapping[str, Schema]) -> dict[str, Rows]:
    """Give all rows by stream and key: instants as such, numbers as decimals, `_makini_extra` as what it holds."""
    expected = {}
    for slug in ENTITIES:
        stream = stream_of(slug)
        if stream in schemas:
            schema = schemas[stream]
            expected[stream] = by_key(_row(body, schema) for body in sandbox.store.raw(slug))
    return expected


def by_key(rows: Iterable[Row]) -> Rows:
    """Give rows by their key; of a key that comes again, the last."""
    return {row.get("key") or row["name"]: row for row in rows}


def canonical(value: Any, schema: Schema) -> Any:  # noqa: ANN401 - any JSON
    """Give a column's value as it is compared."""
    if value is None:
        return None
    if is_date_time(schema) and isinstance(value, str):
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
        return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(repr(value))
    return value


def is_date_time(schema: Schema) -> bool:
    """Say whether a column holds instants."""
    return schema.get("format") == "date-time"


def holds(schema: Schema, kind: str) -> bool:
    """Say whether a column holds values of a type."""
    return kind in schema["type"]


def _row(body: bytes, schema: Schema) -> Row:
    hostile = _HOSTILE.get(body)
    if hostile is None:
        return _ordinary(read_json(body), schema)
    return _filled({**hostile.columns, EXTRA: hostile.extra or None}, schema)


def _filled(row: Row, schema: Schema) -> Row:
    row = {**row, CONNECTION: _NAME}
    return {name: canonical(row.get(name), part) for name, part in schema["properties"].items()}


def _ordinary(record: Row, schema: Schema) -> Row:
    """Put the members that have a column there, and the others into `_makini_extra`."""
    extra: Row = {}
    return _filled({**_taken(record, schema, "", extra), EXTRA: extra or None}, schema)


def _taken(value: Any, schema: Schema, pointer: str, extra: Row) -> Any:  # noqa: ANN401 - any JSON
    """Take the liberties of ordinary records: amounts and empty lists as text, other values in texts, new fields."""
    if holds(schema, "number") and isinstance(value, str):
        return Decimal(value)
    if holds(schema, "array") and value is not None:
        items = [] if value == "[]" else value
        return [_taken(item, schema["items"], f"{pointer}/{index}", extra) for index, item in enumerate(items)]
    if holds(schema, "object") and value is not None:
        columns = schema["properties"]
        extra.update({f"{pointer}/{name}": part for name, part in value.items() if name not in columns})
        known = {name: part for name, part in value.items() if name in columns}
        return {name: _taken(part, columns[name], f"{pointer}/{name}", extra) for name, part in known.items()}
    if holds(schema, "string") and value is not None and not isinstance(value, str):
        return _write(value).decode()
    return value
