"""The tap: its command line, its settings, its streams."""

from __future__ import annotations

import copy
import hashlib
import logging
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

import click

from tap_makini.catalog import adapt, check_catalog, with_choices
from tap_makini.check import check
from tap_makini.cli import CommandLine
from tap_makini.config import SETTINGS, Settings
from tap_makini.discovery import offer, open_connections
from tap_makini.errors import MakiniError, NothingReadError
from tap_makini.identifiers import RAW_PREFIX
from tap_makini.streams import (
    ConnectionsStream,
    KeysStream,
    ListStream,
    MakiniStream,
    ReconciliationsStream,
    StreamOptions,
    dependents,
)
from tap_makini.streams.lists import raw_endpoint
from tap_makini.streams.sampling import names_of_raw_streams, with_sampled_columns, with_sampled_fields
from tap_makini.sync.interruption import Interruption
from tap_makini.sync.list_sync import Plan
from tap_makini.sync.partition import StartRule
from tap_makini.sync.state import State
from tap_makini.sync.sync import Sync
from tap_makini.sync.writer import LineWriter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_makini.connections.connection import Connection
    from tap_makini.endpoints import Endpoint, Offer

logger = logging.getLogger(__name__)

_ROWS_TO_SAMPLE = 100


class TapMakini(CommandLine):
    """Singer tap for Makini, the unified API over CMMS, EAM, ERP and WMS systems."""

    name = "tap-makini"
    package_name = "tap-makini"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS
    message_writer_class = LineWriter
    message_writer: LineWriter

    def __init__(self, *, catalog: dict[str, Any] | None = None, **others: Any) -> None:  # noqa: ANN401 - the SDK's arguments
        super().__init__(catalog=None if catalog is None else with_choices(catalog), **others)

    @cached_property
    def settings(self) -> Settings:
        """The checked settings."""
        return Settings.from_config(self.config)

    @cached_property
    def offer(self) -> Offer:
        """The lists that the API offers.

        Raises:
            NothingReadError: An OpenAPI document is not valid.
        """
        return offer(self.settings)

    @cached_property
    def interruption(self) -> Interruption:
        """The handler of SIGTERM and SIGINT."""
        return Interruption(self.message_writer)

    @cached_property
    def connections(self) -> list[Connection]:
        """The connections to read.

        Raises:
            NothingReadError: There is none.
        """
        settings = self.settings
        if settings.api_url == SETTINGS["properties"]["api_url"]["default"] and self.offer.servers:
            settings = replace(settings, api_url=self._only_server(self.offer.servers))
        try:
            connections = open_connections(settings)
        except MakiniError as error:
            raise NothingReadError(str(error)) from error
        if not connections:
            raise NothingReadError("There is no connection to read. Check the setting connection_names.")
        return connections

    @cached_property
    def _sampled(self) -> list[Connection]:
        """The connections to sample; discovery removes those whose credential is refused, but a sync reports them."""
        return self.connections.copy()

    def _only_server(self, servers: Sequence[str]) -> str:
        if len(servers) > 1:
            raise NothingReadError(
                f"Setting openapi_file: the documents name several servers ({', '.join(servers)}), but a token is "
                "valid for one. Read each server in a run of its own, or set api_url to the one that serves them all."
            )
        (server,) = servers
        logger.info("Reading from %s, the server in the OpenAPI document.", server)
        return server

    def setup_mapper(self) -> None:
        """Set up stream maps, with the catalog's schemas and keys; the catalog may be older than the settings."""
        if self.input_catalog:
            adapt(
                self.input_catalog,
                names_connections=self.settings.names_connections,
                marks_deleted=self.settings.mark_deleted,
            )
        super().setup_mapper()

    def discover_streams(self) -> Sequence[MakiniStream]:
        """Return a stream for each list the API offers; `sample_records` turns custom fields into columns."""
        options = self._stream_options()
        endpoints = self.offer.endpoints
        if self.config.get("sample_records") and self.input_catalog is None:
            self.require_credentials()
            count = self.settings.sample_records
            endpoints = tuple(with_sampled_fields(endpoint, self._sampled, count) for endpoint in endpoints)
        lists = [ListStream(self, endpoint, options) for endpoint in endpoints]
        dependent = [stream for parent in lists for stream in dependents(self, parent, options)]
        reconciling = KeysStream(self, options), ReconciliationsStream(self, options)
        reconciled = reconciling if self.settings.reconcile_days else ()
        tables = [ListStream(self, endpoint, options) for endpoint in self._raw_endpoints()]
        return [*lists, ConnectionsStream(self, options), *dependent, *tables, *reconciled]

    def _stream_options(self) -> StreamOptions:
        return StreamOptions(self.settings.names_connections, self.settings.mark_deleted)

    def _raw_endpoints(self) -> list[Endpoint]:
        if not self.settings.raw_tables:
            return []
        if self.input_catalog is not None:
            return [raw_endpoint(name) for name in self.input_catalog if name.startswith(RAW_PREFIX)]
        self.require_credentials()
        endpoints = map(raw_endpoint, names_of_raw_streams(self._sampled))
        count = self.settings.sample_records or _ROWS_TO_SAMPLE
        return [with_sampled_columns(endpoint, self._sampled, count) for endpoint in endpoints]

    def load_state(self, state: dict[str, Any]) -> None:
        """Keep a state as it is; each stream checks its own bookmark when it is read.

        Raises:
            NothingReadError: The state does not have the form of a Singer state.
        """
        if not isinstance(state, dict) or (state and not isinstance(state.get("bookmarks"), dict)):
            raise NothingReadError(
                "State: not valid. It must be a JSON object with an object 'bookmarks'. Pass the value of the last "
                "STATE message of an earlier run."
            )
        cast("dict[str, Any]", self.state).update(copy.deepcopy(state))

    def sync_selected(self) -> None:
        """Read every selected stream.

        Raises:
            NothingReadError: Nothing could be read at all.
            StreamsFailedError: Some streams failed.
            Interrupted: A signal asked the process to stop.
        """
        with self.interruption.prompt():
            check_catalog(self.input_catalog, {stream.name: stream for stream in self._makini_streams()})
            state = State(cast("dict[str, Any]", self.state))
            selection = self._selection()
            list_syncs = self._plan(state, selection).list_syncs(self.connections)
            Sync(list_syncs, self.settings.max_parallel, state, self.message_writer, selection).run()

    def _selection(self) -> str:
        """Return a fingerprint of the streams that are read."""
        streams = [stream for stream in self._makini_streams() if stream.selected]
        selection = "|".join(f"{stream.name}:{stream.filter_key or ''}" for stream in streams)
        return hashlib.blake2b(selection.encode(), digest_size=8).hexdigest()

    def _plan(self, state: State, selection: str) -> Plan:
        settings = self.settings
        # on ACTIVATE_VERSION a target drops older rows, also those of connections this run does not read.
        reads_all = not settings.connection_names and (not settings.names_connections or bool(settings.connections))
        version = self.initialized_at // 1000 if settings.emit_activate_version_messages and reads_all else None
        return Plan(
            self._makini_streams(),
            state,
            StartRule(settings.start_date, timedelta(minutes=settings.lookback_minutes)),
            version=version,
            reconcile_days=settings.reconcile_days,
            skip_unless_synced=selection if settings.skip_unsynced else None,
        )

    def _makini_streams(self) -> list[MakiniStream]:
        return [stream for stream in self.streams.values() if isinstance(stream, MakiniStream)]

    def _lists(self) -> list[ListStream]:
        return [stream for stream in self.streams.values() if isinstance(stream, ListStream)]

    def handle_signal(self, number: int) -> None:
        """Stop after the line that is being written."""
        self.interruption.handle(number)

    def check(self) -> None:
        """Request one record of each stream, and print a table of what can be read.

        Raises:
            NothingReadError: The credential is not valid, or no stream is offered.
            StreamsFailedError: Some streams could not be read.
        """
        check(self.connections, self._lists(), click.echo)
