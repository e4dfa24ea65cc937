"""A target for SQLite in few lines, of the SDK that most living targets are made with; it validates each record."""

from __future__ import annotations

import sqlite3
from typing import Any, ClassVar

import msgspec
from singer_sdk import BatchSink, Target
from singer_sdk import typing as th

_encode = msgspec.json.Encoder(decimal_format="number").encode


class SQLiteSink(BatchSink):
    """One table: instants, numbers and nested values as JSON text, which loses nothing."""

    def process_batch(self, context: dict[str, Any]) -> None:
        """Upsert the batch."""
        names = list(self.schema["properties"])
        columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
        key = ", ".join(f'"{name}"' for name in self.key_properties)
        rows = [[_held(record.get(name)) for name in names] for record in context["records"]]
        with sqlite3.connect(self.config["path"]) as database:
            database.execute(f'CREATE TABLE IF NOT EXISTS "{self.stream_name}" ({columns}, PRIMARY KEY ({key}))')
            database.executemany(f'INSERT OR REPLACE INTO "{self.stream_name}" VALUES ({marks})', rows)  # noqa: S608
        database.close()


class SQLiteTarget(Target):
    """Loads into one SQLite file."""

    name = "target-sqlite-of-the-suite"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("path", th.StringType(), required=True, description="The database file.")
    ).to_dict()
    default_sink_class = SQLiteSink


def _held(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return _encode(value).decode()


if __name__ == "__main__":
    SQLiteTarget.cli()
