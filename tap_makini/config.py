"""The settings: what the tap can be told, and the checked values it runs with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from singer_sdk import typing as th

from tap_makini.credentials import credential_faults
from tap_makini.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from jsonschema import ValidationError

PRODUCTS = ("eam", "erp", "wms")

SETTINGS: dict[str, Any] = th.PropertiesList(
    th.Property(
        "api_token",
        th.StringType(),
        secret=True,
        title="API token",
        description="Token of the Makini connection to read, from Makini Link, the dashboard or the Admin API.",
    ),
    th.Property(
        "connections",
        th.ArrayType(
            th.ObjectType(
                th.Property(
                    "name",
                    th.StringType(),
                    required=True,
                    title="Name",
                    description="What state and records call the connection; it should never change.",
                ),
                th.Property(
                    "api_token",
                    th.StringType(),
                    required=True,
                    secret=True,
                    title="API token",
                    description="The connection's token.",
                ),
                additional_properties=False,
            )
        ),
        secret=True,
        title="Connections",
        description=(
            "Several connections to read in one run, in place of api_token: a list of objects with `name` and "
            "`api_token`."
        ),
    ),
    th.Property(
        "client_id",
        th.StringType(),
        secret=True,
        title="Client ID",
        description=(
            "Your id as a vendor on Makini. With client_secret it reads all active connections that the Admin API "
            "lists, in place of api_token."
        ),
    ),
    th.Property(
        "client_secret",
        th.StringType(),
        secret=True,
        title="Client secret",
        description="The secret that goes with client_id.",
    ),
    th.Property(
        "connection_names",
        th.ArrayType(th.StringType()),
        title="Connection names",
        description=(
            "Which connections to read, by name or by pattern (`plant-*`), or with `!` before it which to leave out, "
            "so that several workers can share them. All of them unless set."
        ),
    ),
    th.Property(
        "refresh_token",
        th.StringType(),
        secret=True,
        title="Refresh token",
        description=(
            "A connection's refresh token, for client_id and client_secret to get its tokens with, in place of "
            "api_token. It is used once; what comes of it is kept in token_file."
        ),
    ),
    th.Property(
        "token_file",
        th.StringType(),
        title="Token file",
        description=(
            "Where the tokens that came of refresh_token are kept, with mode 0600. It must outlive the run: "
            "the tokens in it are the only ones that work."
        ),
    ),
    th.Property(
        "api_url",
        th.StringType(),
        default="https://api.makini.io",
        title="API URL",
        description=(
            "Address of the API; another one for a self-hosted Makini. With openapi_file the document's server, unless "
            "it is set to something else than the default."
        ),
    ),
    th.Property(
        "products",
        th.ArrayType(th.StringType(allowed_values=list(PRODUCTS))),
        default=list(PRODUCTS),
        title="Products",
        description=(
            "Products to read from: `eam` (CMMS and EAM), `erp`, `wms`. An entity that several of them offer "
            "is read from the first one named."
        ),
    ),
    th.Property(
        "openapi_file",
        th.CustomType({"type": ["string", "array", "null"], "items": {"type": "string"}}),
        title="OpenAPI file",
        description=(
            "Path or URL of an OpenAPI document, as Makini's API reference exports it, or a list of several: the tap "
            "then offers what it describes, in place of the v3 entities that it knows itself."
        ),
    ),
    th.Property(
        "start_date",
        th.DateTimeType(),
        title="Start date",
        description=(
            "Earliest update to read where there is no bookmark yet; without it everything is read. "
            "A date or a date-time, in UTC unless it names an offset."
        ),
    ),
    th.Property(
        "lookback_minutes",
        th.IntegerType(minimum=0, maximum=52_560_000),
        default=1440,
        title="Look-back (minutes)",
        description=(
            "How far before its bookmark an incremental read starts, for records that reach Makini late "
            "with an older update time."
        ),
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1, maximum=10_000),
        default=500,
        title="Page size",
        description="Records to ask for in a request; the server may give fewer.",
    ),
    th.Property(
        "max_parallel",
        th.IntegerType(minimum=1, maximum=64),
        default=4,
        title="Parallel reads",
        description=(
            "How many streams to read at once, of one connection or of several; with 1 the output is ordered. So many "
            "child lists are asked for at once, besides, of each connection."
        ),
    ),
    th.Property(
        "requests_per_minute",
        th.IntegerType(minimum=1),
        title="Requests per minute",
        description="The most requests to begin in any minute under one token, beyond what the vendor itself limits.",
    ),
    th.Property(
        "max_wait_seconds",
        th.IntegerType(minimum=0, maximum=604_800),
        default=900,
        title="Longest wait (seconds)",
        description=(
            "How long a request may take with all its repetitions, rate limits and slow answers included, before its "
            "stream fails. A single answer may always take request_timeout_seconds."
        ),
    ),
    th.Property(
        "request_timeout_seconds",
        th.IntegerType(minimum=1, maximum=86_400),
        default=120,
        title="Request timeout (seconds)",
        description=(
            "How long to wait for a connection, and between two parts of an answer; a token or an OpenAPI document "
            "must be complete by then."
        ),
    ),
    th.Property(
        "sample_records",
        th.IntegerType(minimum=0, maximum=10_000),
        default=0,
        title="Records to sample",
        description=(
            "How many of the newest records of each stream discovery reads to find custom fields, which then become "
            "columns. With 0, discovery needs no token, and custom fields are in `_makini_extra`."
        ),
    ),
    th.Property(
        "raw_tables",
        th.ArrayType(th.StringType()),
        default=[],
        title="Raw tables",
        description=(
            "Which of the source system's own tables discovery offers as streams `raw_…`, by name or by pattern "
            "(`dbo.*`); it reads some rows of each to find the columns. None unless set."
        ),
    ),
    th.Property(
        "skip_unsynced",
        th.BooleanType(),
        default=False,
        title="Skip connections without a new sync",
        description=(
            "Whether to leave a connection out, at the cost of one request, when Makini has not synced it since the "
            "last complete run of the same streams."
        ),
    ),
    th.Property(
        "user_agent",
        th.StringType(),
        default="tap-makini",
        title="User agent",
        description="What the tap calls itself in its requests.",
    ),
    th.Property(
        "emit_activate_version_messages",
        th.BooleanType(),
        default=False,
        title="Send ACTIVATE_VERSION",
        description=(
            "Whether to send ACTIVATE_VERSION once a full-table stream has been read to its end, so that a "
            "target can drop the rows that are gone."
        ),
    ),
    th.Property(
        "reconcile_days",
        th.IntegerType(minimum=1, maximum=36_500),
        title="Days between reconciliations",
        description=(
            "After how many days to read a selected stream whole again, and to send which keys there still are, to the "
            "streams `reconciled_keys` and `reconciliations`: what is in a table but not among them has vanished. "
            "Never unless set."
        ),
    ),
    th.Property(
        "mark_deleted",
        th.BooleanType(),
        default=False,
        title="Mark deleted rows",
        description=(
            "Whether to add the column `_sdc_deleted_at`, with the time from `deletedAt`: targets of the PipelineWise "
            "family delete such rows if their setting `hard_delete` is on."
        ),
    ),
    additional_properties=False,
).to_dict()


@dataclass(frozen=True)
class Settings:
    """The checked settings of a run; times in seconds but where the name says otherwise."""

    api_token: str | None
    connections: list[dict[str, str]]
    client_id: str | None
    client_secret: str | None
    connection_names: list[str]
    refresh_token: str | None
    token_file: str | None
    api_url: str
    openapi_file: list[str]
    products: tuple[str, ...]
    start_date: datetime | None
    lookback_minutes: int
    page_size: int
    max_parallel: int
    requests_per_minute: int | None
    max_wait_seconds: int
    request_timeout_seconds: int
    sample_records: int
    raw_tables: list[str]
    skip_unsynced: bool
    user_agent: str
    emit_activate_version_messages: bool
    reconcile_days: int | None
    mark_deleted: bool

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Settings:
        """Take the settings from a configuration that `faults` has nothing to say about."""
        values = {name: _value(name, config) for name in cls.__dataclass_fields__}
        values["products"] = tuple(values["products"])
        values["connections"] = values["connections"] or []
        values["connection_names"] = values["connection_names"] or []
        documents = values["openapi_file"] or []
        values["openapi_file"] = [documents] if isinstance(documents, str) else documents
        values["start_date"] = parse_timestamp(values["start_date"])
        return cls(**values)

    @property
    def names_connections(self) -> bool:
        """Whether there are several connections, told apart by name."""
        return bool(self.connections) or (self.client_id is not None and self.token_file is None)


def _value(name: str, config: Mapping[str, Any]) -> Any:  # noqa: ANN401 - of any setting
    value = config.get(name)
    if value is None:
        return SETTINGS["properties"][name].get("default")
    return int(value) if isinstance(value, float) else value  # JSON Schema takes 500.0 for an integer


def faults(errors: Iterable[ValidationError], config: Mapping[str, Any], *, is_complete: bool = True) -> list[str]:
    """Say what is wrong with a configuration, all of it at once, by name and never by value.

    Args:
        errors: What a validator found in it.
        config: The configuration.
        is_complete: Whether there must be a credential in it.

    Returns:
        A sentence for each fault.
    """
    found = [fault for error in errors for fault in _explain(error)]
    found += _form_faults(config)
    found += credential_faults(config, is_complete=is_complete)
    return sorted(set(found))


def _form_faults(config: Mapping[str, Any]) -> Iterator[str]:
    visible = "visible characters without spaces, as Makini gives them"
    checks = [
        ("api_token", config.get("api_token"), _is_token, visible),
        ("api_url", config.get("api_url"), _is_address, "an address such as https://api.makini.io"),
        ("start_date", config.get("start_date"), parse_timestamp, "a date such as 2025-01-31 or 2025-01-31T00:00:00Z"),
        ("user_agent", config.get("user_agent"), _is_header, "visible ASCII characters, with spaces only between them"),
    ]
    entries = config.get("connections")
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            checks.append((f"connections.{index}.api_token", entry.get("api_token"), _is_token, visible))
    for name, value, check, form in checks:
        if isinstance(value, str) and not check(value):
            yield f"The setting {name} is not valid: it must be {form}."


def _explain(error: ValidationError) -> Iterator[str]:
    path = "".join(f"{part}." for part in error.absolute_path)
    rule: Any = error.validator_value
    schema: Any = error.schema
    instance: Any = error.instance
    if error.validator == "required":
        yield from (f"The setting {path}{name} is missing." for name in rule if name not in instance)
    elif error.validator == "additionalProperties":
        known = schema.get("properties", {})
        yield from (f"There is no setting {path}{name}." for name in instance if name not in known)
    else:
        yield f"The setting {path.rstrip('.')} is not valid: {_in_words(str(error.validator), rule)}."


def _in_words(validator: str, rule: Any) -> str:  # noqa: ANN401 - the value of any keyword
    if validator == "type":
        types = [rule] if isinstance(rule, str) else [name for name in rule if name != "null"]
        return f"it must be of type {' or '.join(types)}"
    words = {"enum": "it must be one of", "minimum": "it must be at least", "maximum": "it must be at most"}
    if validator in words:
        return f"{words[validator]} {rule}"
    return "it has not the form that --about describes"


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
