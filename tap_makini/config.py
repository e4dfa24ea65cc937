"""Declare and check the settings of the tap; each is declared once, as a field of `Settings`."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - read from the annotations
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - the same
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tap_makini import config_schema
from tap_makini.config_schema import Form, explain, form_faults, json_schema, setting, typed_values
from tap_makini.entities import PRODUCTS
from tap_makini.http.authenticators import is_token
from tap_makini.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jsonschema import ValidationError


def _is_header(text: str) -> bool:
    return text.isascii() and text.isprintable() and text == text.strip() != ""


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        has_place = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    is_bare = is_token(text) and not parts.query and not parts.fragment
    return parts.scheme in {"http", "https"} and has_place and is_bare


_TOKEN = Form(is_token, "visible characters without spaces, as Makini issues them")
_DATE = Form(parse_timestamp, "a date such as 2025-01-31 or 2025-01-31T00:00:00Z")


@dataclass(frozen=True)
class NamedConnection:
    """An object of the list `connections`."""

    name: str = setting("Name", "Name of the connection in state and records. Do not change it later.")
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
        "Your client ID at Makini. Set it and client_secret, instead of api_token, to read all active connections that "
        "the Admin API lists.",
        secret=True,
        masked=False,  # an identifier that may also be part of a name
    )
    client_secret: str | None = setting("Client secret", "The secret of client_id.", secret=True)
    connection_names: tuple[str, ...] = setting(
        "Connection names",
        "Connections to read, by name or by pattern (`plant-*`); a leading `!` excludes. Use it to share the "
        "connections among workers. By default, all are read.",
    )
    refresh_token: str | None = setting(
        "Refresh token",
        "Refresh token of a connection. Set it, client_id, client_secret and token_file, instead of api_token, to get "
        "access tokens with it. It works once; token_file keeps the tokens that replace it.",
        secret=True,
    )
    token_file: str | None = setting(
        "Token file",
        "Path of the file for the tokens that replace refresh_token. It gets mode 0600. Keep it between runs: only the "
        "tokens in it are valid.",
    )
    api_url: str = setting(
        "API URL",
        "Address of the API. Change it for a self-hosted Makini. With openapi_file, the server that the document names "
        "is used unless this setting differs from its default.",
        default="https://api.makini.io",
        form=Form(_is_address, "an address such as https://api.makini.io"),
    )
    products: tuple[str, ...] = setting(
        "Products",
        "Products to read from: `eam` (CMMS and EAM), `erp`, `wms`. An entity that several of them offer is read from "
        "the first of them in the list.",
        default=PRODUCTS,
        allowed=PRODUCTS,
    )
    openapi_file: tuple[str, ...] = setting(
        "OpenAPI file",
        "Path or URL of an OpenAPI document that Makini's API reference exports, or a list of several. The tap then "
        "offers the streams that it describes, instead of the built-in v3 entities.",
        takes_text=True,
    )
    start_date: datetime | None = setting(  # noqa: RUF009 - it makes a field
        "Start date",
        "Earliest update to read if a stream has no bookmark yet: a date or a date-time, in UTC unless it has an "
        "offset. By default, everything is read.",
        form=_DATE,
    )
    lookback_minutes: int = setting(
        "Look-back (minutes)",
        "How many minutes before its bookmark an incremental sync starts, to catch records that reach Makini late, "
        "with an older update time.",
        default=1440,
        minimum=0,
        maximum=52_560_000,
    )
    page_size: int = setting(
        "Page size",
        "Records to request at once. The server may return fewer.",
        default=500,
        minimum=1,
        maximum=10_000,
    )
    max_parallel: int = setting(
        "Parallel streams",
        "How many streams to read at once, over all connections. With 1, the output has the same order each time. Each "
        "connection also requests up to this many child lists at once.",
        default=4,
        minimum=1,
        maximum=64,
    )
    requests_per_minute: int | None = setting(
        "Requests per minute",
        "The most requests to start in any minute under one token, in addition to the limits of the API itself.",
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
        "How long to wait for a connection, and between two parts of a response. A token or an OpenAPI document must "
        "be complete within this time.",
        default=120,
        minimum=1,
        maximum=86_400,
    )
    sample_records: int = setting(
        "Records to sample",
        "How many of the newest records of each stream discovery reads to find custom fields, which then become "
        "columns. With 0, discovery needs no token, and custom fields are kept in `_makini_extra`.",
        default=0,
        minimum=0,
        maximum=10_000,
    )
    raw_tables: tuple[str, ...] = setting(
        "Raw tables",
        "Tables of the source system to offer as streams `raw_…`, by name or by pattern (`dbo.*`). Discovery reads "
        "some rows of each to find its columns. None by default.",
        default=(),
    )
    skip_unsynced: bool = setting(
        "Skip connections without a new sync",
        "Whether to skip a connection if Makini has not synced it since the last complete run of the same streams. "
        "That costs one request.",
        default=False,
    )
    user_agent: str = setting(
        "User agent",
        "Value of the header `User-Agent` in all requests.",
        default="tap-makini",
        form=Form(_is_header, "visible ASCII characters, with spaces only between them"),
    )
    emit_activate_version_messages: bool = setting(
        "Send ACTIVATE_VERSION",
        "Whether to send ACTIVATE_VERSION after the last record of a full-table stream, so that a target can drop the "
        "rows that were not sent again.",
        default=False,
    )
    reconcile_days: int | None = setting(
        "Days between reconciliations",
        "After how many days to read each selected stream in full again, to find deleted records: the keys that still "
        "exist go to the stream `reconciled_keys`, and each complete pass to `reconciliations`. Never by default.",
        minimum=1,
        maximum=36_500,
    )
    mark_deleted: bool = setting(
        "Mark deleted rows",
        "Whether to add the column `_sdc_deleted_at` with the time from `deletedAt`. Targets of the PipelineWise "
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
        yield "Setting connections: each name must be unique."
    if "" in names:
        yield "Setting connections: a name is empty."
