"""What all streams share: schema, keys, selection and stream maps, as the Singer SDK sees them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from singer_sdk.mapper import SameRecordTransform

from tap_makini.conform import compile_conformer
from tap_makini.schema import CONNECTION_COLUMN, CREATION_TIMES, UPDATE_TIMES, stream_schema, with_deletion_column
from tap_makini.sdk_compat import SDKStream

if TYPE_CHECKING:
    from singer_sdk.singerlib import Catalog

    from tap_makini.conform import Conformer
    from tap_makini.sync.writer import LineWriter
    from tap_makini.tap import TapMakini


class MakiniStream(SDKStream):
    """A stream, described; it is read by a job.

    Args:
        tap: The tap.
        name: Its name.
        schema: Of an item, without the tap's own columns.
        key: Its primary key, without the connection's name; empty for none.
        replication_key: Property to read incrementally by, None for a full table.

    Attributes:
        own_key: Its primary key, whatever a catalog says.
        own_replication_key: What it may be read incrementally by, whatever a catalog says.
    """

    def __init__(
        self, tap: TapMakini, name: str, schema: dict[str, Any], key: tuple[str, ...], replication_key: str | None
    ) -> None:
        self._makini_tap = tap
        self.own_replication_key = replication_key
        self.own_key = key
        named = tap.settings.names_connections and bool(key)
        key = (CONNECTION_COLUMN, *key) if named else key
        super().__init__(tap, stream_schema(schema, key_properties=key), name)
        self.primary_keys = key
        self.replication_key = replication_key
        if self.config.get("mark_deleted"):
            self.replace_schema(with_deletion_column(self.schema))

    def apply_catalog(self, catalog: Catalog) -> None:
        """Take keys, method, schema and selection from a catalog.

        An INCREMENTAL stream whose catalog names no replication key keeps its own: the SDK would take it for a
        full table, without a word.
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
        """Whether it is read by the time of creation, though there is one of update."""
        own, used = self.own_replication_key, self.filter_key
        return own in UPDATE_TIMES and used in CREATION_TIMES

    @property
    def is_mapped(self) -> bool:
        """Whether stream maps or flattening are to be applied to each record."""
        return not (
            len(self.stream_maps) == 1
            and type(self.stream_maps[0]) is SameRecordTransform
            and not self.stream_maps[0].flattening_enabled
        )

    def conformer(self, connection: str | None) -> Conformer:
        """Give what makes a connection's records fit this stream's schema and selection."""
        return self._compiled.of(connection)

    @cached_property
    def _compiled(self) -> Conformer:
        mask = self.mask
        return compile_conformer(self.effective_schema, lambda breadcrumb: mask[breadcrumb], connection=None)

    @property
    def writer(self) -> LineWriter:
        """What takes this stream's messages."""
        return self._makini_tap.message_writer
