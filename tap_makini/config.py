"""Declare and check the settings of the tap; each is declared once, as a field of `Settings`."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - read from the annotations
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - the same
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tap_makini import config_schema
from tap_makini.config_schema import Form, explain, form_faults, json_schema, setting, typed_values
from tap_makini.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jsonschema import ValidationError

PRODUCTS = ("eam", "erp", "wms")


def _is_header(text: str) -> bool:
    return text.isascii() and text.isprintable() and text == text.strip() != ""


def _is_token(text: str) -> bool:
    return _is_header(text) and " " not in text


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        has_place = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    is_bare = _is_token(text) and not parts.query and not parts.fragment
    return parts.scheme in {"http", "https"} and has_place and is_bare


_TOKEN = Form(_is_token, "visible characters without spaces, as Makini issues them")
_DATE = Form(parse_timestamp, "a date such as 2025-01-31 or 2025-01-31T00:00:00Z")


@dataclass(frozen=True)
class NamedConnection:
    """An object of the list `connections`."""

    name: str = setting("Name", "Name of the connection in state and records. It should never change.")
    api_token: str = setting("API token", "Token of the connection.", secret=True, form=_TOKEN)


@dataclass(frozen=True)
class Settings:
    """The checked settings of a run."""

    api_token: str | None = setting(
        "API token",
        "Token of the Makini connection to read, from Makini Link, the dashboard or the Admin API.",
        secret=True,
        form=_TOKEN,
    )
    connections: tuple[Mapping[str, str], ...] = setting(
        "Connections",
        "Several connections to read in one run, instead of api_token: a list of objects with `name` and `api_token`.",
        items=NamedConnection,
        secret=True,
    )
    client_id: str | None = setting(
        "Client ID",
        "Your id as a vendor on Makini. Together with client_secret it reads all active connections that the Admin "
        "API lists, instead of api_token.",
        secret=True,
        masked=False,  # an identifier that may also be part of a name
    )
    client_secret: str | None = setting("Client secret", "The secret that belongs to client_id.", secret=True)
    connection_names: tuple[str, ...] = setting(
        "Connection names",
        "Connections to read, by name or by pattern (`plant-*`). A `!` in front excludes connections. Workers can "
        "share the connections this way. By default all are read.",
    )
    refresh_token: str | None = setting(
        "Refresh token",
        "Refresh token of a connection, from which client_id and client_secret get its access tokens, instead of "
        "api_token. It is used once; the tokens that replace it are kept in token_file.",
        secret=True,
    )
    token_file: str | None = setting(
        "Token file",
        "Where the tokens that replace refresh_token are kept, with mode 0600. The file must outlive the run: the "
        "tokens in it are the only valid ones.",
    )
    api_url: str = setting(
        "API URL",
        "Address of the API. Change it for a self-hosted Makini. With openapi_file, the document's server is used "
        "unless this setting differs from its default.",
        default="https://api.makini.io",
        form=Form(_is_address, "an address such as https://api.makini.io"),
    )
    products: tuple[str, ...] = setting(
        "Products",
        "Products to read from: `eam` (CMMS and EAM), `erp`, `wms`. An entity that several of them offer is read from "
        "the first one in the list.",
        default=PRODUCTS,
        allowed=PRODUCTS,
    )
    openapi_file: tuple[str, ...] = setting(
        "OpenAPI file",
        "Path or URL of an OpenAPI document, as Makini's API reference exports it, or a list of several. The streams "
        "are then those that it describes, instead of the built-in v3 entities.",
        takes_text=True,
    )
    start_date: datetime | None = setting(  # noqa: RUF009 - it makes a field
        "Start date",
        "Earliest update to read where there is no bookmark yet. By default everything is read. A date or a "
        "date-time, in UTC unless it has an offset.",
        form=_DATE,
    )
    lookback_minutes: int = setting(
        "Look-back (minutes)",
        "How far before its bookmark an incremental sync starts, to catch records that reach Makini late with an "
        "older update time.",
        default=1440,
        minimum=0,
        maximum=52_560_000,
    )
    page_size: int = setting(
        "Page size",
        "Records to ask for in a request. The server may return fewer.",
        default=500,
        minimum=1,
        maximum=10_000,
    )
    max_parallel: int = setting(
        "Parallel streams",
        "How many streams to read at once, of one connection or of several. With 1 the output is in order. Each "
        "connection also fetches up to this many child lists at once.",
        default=4,
        minimum=1,
        maximum=64,
    )
    requests_per_minute: int | None = setting(
        "Requests per minute",
        "Most requests to start in any minute under one token, in addition to the limits of the API itself.",
        minimum=1,
    )
    max_wait_seconds: int = setting(
        "Longest wait (seconds)",
        "How long a request may take in total, with retries, rate limits and slow responses, before its stream fails. "
        "A single response may always take request_timeout_seconds.",
        default=900,
        minimum=0,
        maximum=604_800,
    )
    request_timeout_seconds: int = setting(
        "Request timeout (seconds)",
        "How long to wait to connect, and between two parts of a response. A token or an OpenAPI document must be "
        "complete within this time.",
        default=120,
        minimum=1,
        maximum=86_400,
    )
    sample_records: int = setting(
        "Records to sample",
        "How many of the newest records of each stream discovery reads to find custom fields, which then become "
        "columns. With 0, discovery needs no token, and custom fields are in `_makini_extra`.",
        default=0,
        minimum=0,
        maximum=10_000,
    )
    raw_tables: tuple[str, ...] = setting(
        "Raw tables",
        "Tables of the source system that discovery offers as streams `raw_…`, by name or by pattern (`dbo.*`). "
        "Discovery reads some rows of each to find its columns. None by default.",
        default=(),
    )
    skip_unsynced: bool = setting(
        "Skip connections without a new sync",
        "Whether to skip a connection, at the cost of one request, when Makini has not synced it since the last "
        "complete run of the same streams.",
        default=False,
    )
    user_agent: str = setting(
        "User agent",
        "How the tap identifies itself in its requests.",
        default="tap-makini",
        form=Form(_is_header, "visible ASCII characters, with spaces only between them"),
    )
    emit_activate_version_messages: bool = setting(
        "Send ACTIVATE_VERSION",
        "Whether to send ACTIVATE_VERSION after the last record of a full-table stream, so that a target can drop the "
        "rows that no longer exist.",
        default=False,
    )
    reconcile_days: int | None = setting(
        "Days between reconciliations",
        "After how many days to read a selected stream in full again, and to send the keys that still exist to the "
        "streams `reconciled_keys` and `reconciliations`. Rows of a table that are not among them have been deleted. "
        "Never by default.",
        minimum=1,
        maximum=36_500,
    )
    mark_deleted: bool = setting(
        "Mark deleted rows",
        "Whether to add the column `_sdc_deleted_at`, with the time from `deletedAt`. Targets of the PipelineWise "
        "family delete such rows if their setting `hard_delete` is on.",
        default=False,
    )

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Settings:
        """Return the settings of a configuration in which `faults` finds nothing."""
        return cls(**typed_values(cls, config))

    @property
    def names_connections(self) -> bool:
        """Whether there may be several connections, distinguished by name."""
        return bool(self.connections) or (self.client_id is not None and self.token_file is None)


SETTINGS: dict[str, Any] = json_schema(Settings)
"""JSON schema of the settings; the SDK adds its own settings to it."""

SECRETS = config_schema.secret_names(Settings)
"""Settings whose text must be masked wherever it appears."""

_NEEDS = {
    "client_id": ("client_secret",),
    "client_secret": ("client_id",),
    "refresh_token": ("client_id", "client_secret", "token_file"),
    "token_file": ("client_id", "client_secret"),
}
_CREDENTIALS = ("api_token", "connections", "client_id")


def secrets(config: Mapping[str, Any]) -> Iterator[object]:
    """Yield what must be masked, wherever it is in a configuration."""
    return config_schema.secrets(Settings, config)


def faults(errors: Iterable[ValidationError], config: Mapping[str, Any], *, is_complete: bool = True) -> list[str]:
    """Return all that is wrong with a configuration, by name and never by value.

    Args:
        errors: What a validator found in it.
        config: The configuration.
        is_complete: Whether it must hold a credential.

    Returns:
        A sentence for each fault.
    """
    found = {fault for error in errors for fault in explain(error)}
    return sorted(found.union(form_faults(Settings, config), credential_faults(config, is_complete=is_complete)))


def credential_faults(config: Mapping[str, Any], *, is_complete: bool) -> Iterator[str]:
    """Yield what is missing or contradictory in the settings that say whose data to read.

    Args:
        config: The configuration.
        is_complete: Whether it must hold a credential.
    """
    present = {name for name, value in config.items() if value not in (None, [])}
    for name, needed in _NEEDS.items():
        if name in present:
            yield from (f"Setting {other}: missing. {name} needs it." for other in needed if other not in present)
    ways = [name for name in _CREDENTIALS if name in present]
    if len(ways) > 1:
        yield f"Settings {' and '.join(ways)}: both are set. Set only one of them."
    if is_complete and not ways and not present & _NEEDS.keys():
        yield "Setting api_token: missing. Set it, connections, or client_id and client_secret."
    yield from _name_faults(config.get("connections"))


def _name_faults(entries: object) -> Iterator[str]:
    names = [entry.get("name") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    if len(set(map(str, names))) < len(names):
        yield "Setting connections: not valid. Each name must be unique."
    if "" in names:
        yield "Setting connections: not valid. A name is empty."
