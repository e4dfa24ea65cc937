"""How the double behaves where the real API's behaviour is unknown: a knob for each possibility."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, get_type_hints

import msgspec

# The types of the knobs are looked up when one is turned by text.
from makini_sandbox.faults import Fault, RetryAfterForm  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Mapping

PlainAnswer = Literal[
    "envelope",
    "list",
    "object",
    "data",
    "rows",
    "items",
    "results",
    "records",
    "value",
    "data_rows",
    "numbered",
    "columns",
    "column_objects",
]
TablesAnswer = Literal[
    "names",
    "objects",
    "schema_objects",
    "data_names",
    "data_objects",
    "data_schema_objects",
    "rows_names",
    "rows_objects",
    "rows_schema_objects",
    "data_tables_names",
    "data_tables_objects",
    "data_tables_schema_objects",
    "data_map",
]
PlainPages = Literal["honoured", "ignored", "refused", "stuck"]
PlainWords = Literal["none", "total", "count", "next"]


@dataclass
class Behaviour:
    """The knobs; every one may be turned while the server runs.

    Attributes:
        filter: What a filter by date does: ``second`` honours it exactly, ``exclusive`` leaves out
            the bound of ``gteq``, ``day`` compares days only, ``ignored`` answers all rows, ``empty`` none,
            ``refused`` answers ``filter_refusal``.
        filter_refusal: Status with which a filter is refused.
        order: What a sort does: ``honoured``; ``ignored`` (order of insertion); ``shuffled``
            (another order at each request); ``newest_first`` (by ``updatedAt``, whatever is asked).
        refuse_sort: Whether a sort is answered with 422.
        null_dates: Whether a filter by date leaves out rows without the date (``filtered``) or
            keeps them (``kept``).
        nulls_sort: Where rows without a date stand when sorted by it.
        tie_order: Whether rows of equal date keep their order, or have another for each page size.
        default_page_size: Rows a page where ``per_page`` is not given.
        max_page_size: The most rows a page; None for no limit.
        only_page_size: The one ``per_page`` beside none that is not answered with 422; None for any.
        oversize: What a larger ``per_page`` gives: the most there is, or 422.
        page_size_ignored: Whether ``per_page`` is ignored.
        deleted: Whether lists hold rows with ``deletedAt``.
        delete_moves_updated_at: Whether a soft delete moves ``updatedAt``.
        absent: What the connected system lacks: slugs, or ``product/slug`` for one product only.
        absent_answer: What a list of such an entity answers.
        rate_limit: Requests a token may make in a window; None for no limit.
        rate_window_seconds: Length of the window.
        rate_limit_headers: Whether ``X-RateLimit-Limit`` and ``-Remaining`` are sent.
        retry_after: The form of ``Retry-After`` on the answer 429 of the rate limit.
        retry_after_seconds: What it asks for; None for the time until a request is free again.
        error_body: The shape of error bodies.
        cursor: ``follow``: answers carry ``next_cursor``; ``loop``: they do, and lead in a circle.
        envelope: ``v3``; ``v4`` (four fields of meta, no links); ``no_meta``; ``no_links``.
        paging: How pages are asked for: as in ``v3``; ``brackets`` (``page[number]``, ``page[size]``);
            ``camel`` (``pageNumber``, ``pageSize``); ``offset`` (``offset``, ``limit``);
            ``from_zero`` (the first page is page 0);
            ``from_zero_counted`` (so it is, and ``last_page`` is the number of pages). Other
            parameters for pages are ignored. The v4 document declares it.
        gzip: Whether bodies are compressed for who accepts it.
        undated_rows: Rows in a hundred whose ``updatedAt`` is null; set before the rows are read.
        quirks: Whether some rows have custom fields, amounts as text, lists as text; set before
            the server starts.
        work_order_materials: Item type of ``work-orders/materials``; set before the server starts.
        sync_status: What ``/api/integrations/current`` says of the last synchronisation.
        synced_at: When it says that was; None for just now.
        token_seconds: How long tokens are good that are given out.
        expires_in: How an answer with a token says so: in seconds, or as a time, that may be text.
        admin_pages: Whether the list of connections honours, ignores or refuses ``page``.
        admin_page_size: Connections a page.
        connection_statuses: Statuses of connections by name, where they are not ``Active``.
        child_answer: What a list under a parent answers: ``envelope`` (as ``envelope`` has it);
            ``list`` (a bare array); ``object`` (a bare item where there is exactly one, else a bare
            array; the v3 spec declares a bare object); an object that holds the items under
            ``data``, ``rows``, ``items``, ``results``, ``records`` or ``value``; ``data_rows`` (under
            ``rows`` below ``data``); ``numbered`` (below ``data``, an object of numbered items);
            ``columns`` or ``column_objects`` (the items as arrays under ``rows``, and beside them
            the names of their columns, or objects with these).
        child_pages: What such a list does with ``page``: ``honoured``; ``ignored`` (all items
            whatever it says); ``refused`` (all items, and 422 beyond page 1; honoured in an
            envelope); ``stuck`` (page 1 whatever it says).
        child_page_size: Items a page.
        child_words: What stands beside the items in an object that is not the envelope: ``none``;
            the ``total`` of all pages; the ``count`` of the page; the address of the ``next`` page.
        raw_tables_answer: The list of raw tables: an array of ``names``, of ``objects`` or of
            ``schema_objects`` (schema and name apart, as the last dot of the name parts them),
            bare, under ``data``, under ``rows``, or under ``tables`` below ``data``; or under
            ``data`` a map from names to what is known of a table.
        raw_name_property: The property of such an object that holds the name.
        raw_answer: What a raw table answers; see ``child_answer``.
        raw_pages: What it does with ``page``; see ``child_pages``.
        raw_page_size: Rows a page.
        raw_words: What stands beside the rows; see ``child_words``.
        faults: What goes wrong, in order.
        overrides: Knobs that stand otherwise for single entities, by slug.
    """

    filter: Literal["second", "exclusive", "day", "ignored", "empty", "refused"] = "second"
    filter_refusal: int = 422
    order: Literal["honoured", "ignored", "shuffled", "newest_first"] = "honoured"
    refuse_sort: bool = False
    null_dates: Literal["filtered", "kept"] = "filtered"
    nulls_sort: Literal["first", "last"] = "first"
    tie_order: Literal["stable", "by_page_size"] = "stable"
    default_page_size: int = 50
    max_page_size: int | None = None
    only_page_size: int | None = None
    oversize: Literal["clamp", "refuse"] = "clamp"
    page_size_ignored: bool = False
    deleted: Literal["listed", "hidden"] = "listed"
    delete_moves_updated_at: bool = True
    absent: frozenset[str] = frozenset()
    absent_answer: Literal["empty", 403, 404, 501] = 404
    rate_limit: int | None = None
    rate_window_seconds: int = 60
    rate_limit_headers: bool = False
    retry_after: RetryAfterForm = "seconds"
    retry_after_seconds: int | None = None
    error_body: Literal["flat", "nested", "list", "laravel", "html", "text", "empty"] = "flat"
    cursor: Literal["follow", "loop"] | None = None
    envelope: Literal["v3", "v4", "no_meta", "no_links"] = "v3"
    paging: Literal["v3", "brackets", "camel", "offset", "from_zero", "from_zero_counted"] = "v3"
    gzip: bool = False
    undated_rows: int = 0
    quirks: bool = True
    work_order_materials: Literal["MaterialItem", "WorkOrder"] = "MaterialItem"
    sync_status: Literal["inprogress", "done", "fulldone", "error", "fail"] = "fulldone"
    synced_at: str | None = None
    token_seconds: int = 300
    expires_in: Literal["duration", "epoch", "epoch_text"] = "duration"
    admin_pages: Literal["honoured", "ignored", "refused"] = "honoured"
    admin_page_size: int = 50
    connection_statuses: dict[str, str] = field(default_factory=dict)
    child_answer: PlainAnswer = "envelope"
    child_pages: PlainPages = "honoured"
    child_page_size: int = 50
    child_words: PlainWords = "none"
    raw_tables_answer: TablesAnswer = "data_objects"
    raw_name_property: Literal["name", "table", "table_name", "id", "TABLE_NAME", "tableName", "Name"] = "name"
    raw_answer: PlainAnswer = "data"
    raw_pages: PlainPages = "honoured"
    raw_page_size: int = 10
    raw_words: PlainWords = "none"
    faults: list[Fault] = field(default_factory=list)
    overrides: dict[str, dict[str, Any]] = field(default_factory=dict)

    def for_slug(self, slug: str) -> Behaviour:
        """The behaviour towards one entity."""
        override = self.overrides.get(slug)
        return replace(self, **override) if override else self

    def merge(self, values: Mapping[str, object], slug: str | None = None) -> None:
        """Turn knobs, for one entity where ``slug`` is given.

        Args:
            values: Knobs by name; texts are read as what the knob needs, sets from
                comma-separated text, ``null`` as None.
            slug: The entity, None for all.

        Raises:
            ValueError: If there is no such knob, or it has no such position.
        """
        read = {name: _value(name, value) for name, value in values.items()}
        if slug is not None:
            self.overrides.setdefault(slug, {}).update(read)
            return
        for name, value in read.items():
            setattr(self, name, value)

    def assign(self, assignment: str) -> None:
        """Turn a knob by text: ``name=value``, or ``slug:name=value`` for one entity.

        Raises:
            ValueError: If the text is no such assignment.
        """
        left, equals, value = assignment.partition("=")
        if not equals:
            message = f"not name=value: {assignment}"
            raise ValueError(message)
        slug, _, name = left.rpartition(":")
        self.merge({name: value}, slug or None)


_NAMES = frozenset(knob.name for knob in fields(Behaviour))


def _value(name: str, value: object) -> object:
    if name not in _NAMES:
        message = f"no such behaviour: {name}"
        raise ValueError(message)
    kind = get_type_hints(Behaviour)[name]
    if name == "absent" and isinstance(value, str):
        value = [slug for slug in value.split(",") if slug]
    if name == "absent_answer" and isinstance(value, str) and value.isdigit():
        value = int(value)
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        message = f"{name}: {error}"
        raise ValueError(message) from error
