"""Describe a stream to the Singer SDK: its schema, its keys, its selection and its stream maps."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from singer_sdk.mapper import SameRecordTransform

from tap_makini.conform import compile_conformer
from tap_makini.schema import CONNECTION_COLUMN, CREATION_TIMES, UPDATE_TIMES, stream_schema, with_deletion_column
from tap_makini.sdk_compat import SDKStream

if TYPE_CHECKING:
    from singer_sdk import Tap
    from singer_sdk.singerlib import Catalog

    from tap_makini.conform import Conformer


class StreamOptions(NamedTuple):
    """The settings that apply to all streams.

    Attributes:
        names_connections: Whether the name of the connection is part of each primary key.
        marks_deleted: Whether rows have the column `_sdc_deleted_at`.
    """

    names_connections: bool = False
    marks_deleted: bool = False


DEFAULTS = StreamOptions()


class MakiniStream(SDKStream):
    """A stream, as a catalog describes it. A sync reads it.

    Args:
        tap: The tap.
        name: Its name.
        schema: The schema of an item, without the tap's own columns.
        key: Its primary key, without the name of the connection; empty for none.
        replication_key: The property to read incrementally by; None for a full table.
        options: The settings that apply to all streams.

    Attributes:
        own_key: The primary key that the API gives it, whatever the catalog says.
        own_replication_key: The replication key that the API gives it, whatever the catalog says.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a stream is made of
        self,
        tap: Tap,
        name: str,
        schema: dict[str, Any],
        key: tuple[str, ...],
        replication_key: str | None,
        options: StreamOptions = DEFAULTS,
    ) -> None:
        self.own_replication_key = replication_key
        self.own_key = key
        key = (CONNECTION_COLUMN, *key) if options.names_connections and key else key
        complete = stream_schema(schema, key)
        super().__init__(tap, with_deletion_column(complete) if options.marks_deleted else complete, name)
        self.primary_keys = key
        self.replication_key = replication_key

    def apply_catalog(self, catalog: Catalog) -> None:
        """Take keys, replication method, schema and selection from a catalog.

        An INCREMENTAL stream whose catalog names no replication key keeps its own: the SDK would silently read it as
        a full table.
        """
        super().apply_catalog(catalog)
        if self.forced_replication_method == "INCREMENTAL" and not self.replication_key:
            self.replication_key = self.own_replication_key

    @property
    def filter_key(self) -> str | None:
        """The replication key to read by; None for a full table."""
        return self.replication_key if self.replication_method == "INCREMENTAL" else None

    @property
    def is_read_by_an_older_key(self) -> bool:
        """Whether it is read by the creation time, though its records have an update time."""
        own, used = self.own_replication_key, self.filter_key
        return own in UPDATE_TIMES and used in CREATION_TIMES

    @cached_property
    def is_mapped(self) -> bool:
        """Whether stream maps or flattening apply to each record."""
        return not (
            len(self.stream_maps) == 1
            and type(self.stream_maps[0]) is SameRecordTransform
            and not self.stream_maps[0].flattening_enabled
        )

    def conformer(self, connection: str | None) -> Conformer:
        """Return a conformer that makes a connection's records fit the schema and the selection."""
        return self._compiled.of(connection)

    @cached_property
    def _compiled(self) -> Conformer:
        mask = self.mask
        return compile_conformer(self.effective_schema, lambda breadcrumb: mask[breadcrumb], connection=None)
