"""Settings for how the sandbox behaves where Makini's documents are silent."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, get_type_hints

import msgspec

# The types of the settings are looked up when one is set by text.
from makini_sandbox.faults import Fault, RetryAfterForm  # noqa: TC001

if TYPE_CHECKING:
    from collections.abc import Mapping

PlainForm = Literal["envelope", "data", "list", "object", "rows"]
PlainPages = Literal["honoured", "ignored", "refused", "stuck"]


@dataclass
class Behaviour:
    """The settings; each may be changed while the server runs, unless it says otherwise.

    Attributes:
        filter: What a filter by date does. `second` honors it exactly, `exclusive` leaves out the bound of `gteq`,
            `day` compares days only, `ignored` returns all rows, `empty` none, `refused` returns `filter_refusal`.
        filter_refusal: Status with which a filter is refused.
        order: What a sort does: `honoured`; `ignored` (order of insertion); `shuffled` (another order for each
            request); `newest_first` (by `updatedAt`, whatever is requested).
        refuse_sort: Whether a sort is refused with 422.
        null_dates: Whether a filter by date leaves out rows without the date (`filtered`) or keeps them (`kept`).
        nulls_sort: Where rows without a date are when sorted by it.
        tie_order: Whether rows of equal date keep their order, or have another one for each page size.
        default_page_size: Rows per page if `per_page` is not given.
        max_page_size: The most rows per page; None for no limit.
        only_page_size: The one `per_page` that is not refused with 422; None for any.
        oversize: What a larger `per_page` gives: the most there is, or 422.
        page_size_ignored: Whether `per_page` is ignored.
        deleted: Whether lists have rows with `deletedAt`.
        delete_moves_updated_at: Whether a soft delete sets `updatedAt`.
        absent: What the connected system lacks: slugs, or `product/slug` for one product only.
        absent_answer: What a list of such an entity returns.
        rate_limit: Requests per token and window; None for no limit.
        rate_window_seconds: Length of the window.
        rate_limit_headers: Whether `X-RateLimit-Limit` and `X-RateLimit-Remaining` are sent.
        retry_after: The form of `Retry-After` in the rate limit's 429.
        retry_after_seconds: Its value; None for the time until a request is free again.
        error_body: The form of error bodies.
        cursor: `follow`: responses have `next_cursor`; `loop`: they do, and the cursors lead in a circle.
        envelope: `v3`; `v4` (four fields of meta, no links); `no_meta`.
        paging: How pages are requested, as the v4 document then declares: as in `v3`; `brackets` (`page[number]`,
            `page[size]`); `camel` (`pageNumber`, `pageSize`); `offset` (`offset`, `limit`); `from_zero` (the first
            page is page 0); `from_zero_counted` (so it is, and `last_page` is the number of pages). Other parameters
            for pages are ignored.
        gzip: Whether bodies are compressed for clients that accept it.
        undated_rows: Rows in a hundred whose `updatedAt` is null; set before the rows are read.
        quirks: Whether some rows have custom fields, amounts as text, lists as text; set before the server starts.
        work_order_materials: Item type of `work-orders/materials`; set before the server starts.
        sync_status: The status of the last synchronization in `/api/integrations/current`.
        synced_at: Its time there; None for now.
        token_seconds: Lifetime of tokens that are issued.
        expires_in: How it is written beside a token: in seconds, or as a time, which may be text.
        admin_pages: Whether the list of connections honors, ignores or refuses `page`.
        admin_page_size: Connections per page.
        connection_statuses: Statuses of connections by name, if not `Active`.
        child_answer: The form of a list below a parent: `envelope` (that of `envelope`); `data` (an object with the
            items under `data`); `list` (a bare array); `object` (a bare item if there is exactly one, else a bare
            array; the v3 spec declares a bare object); `rows` (an object with the items under `rows`, which no
            document of Makini's describes).
        child_pages: What such a list does with `page`: `honoured`; `ignored` (all items for any page); `refused` (all
            items, and 422 beyond page 1; honored in an envelope); `stuck` (page 1 for any page).
        child_page_size: Items per page.
        raw_tables_answer: The form of the list of raw tables: an array of `names`, of `objects` or of `schema_objects`
            (schema and name apart, divided by the last dot of the name), bare or under `data`.
        raw_answer: The form of a raw table; see `child_answer`.
        raw_pages: What it does with `page`; see `child_pages`.
        raw_page_size: Rows per page.
        raw_words: What an object that is not the envelope has beside the rows of a raw table: nothing; the `total` of
            all pages; the address of the `next` page.
        faults: What goes wrong, in order.
        overrides: Settings that differ for single entities, by slug.
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
    envelope: Literal["v3", "v4", "no_meta"] = "v3"
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
    child_answer: PlainForm = "envelope"
    child_pages: PlainPages = "honoured"
    child_page_size: int = 50
    raw_tables_answer: Literal[
        "names", "objects", "schema_objects", "data_names", "data_objects", "data_schema_objects"
    ] = "data_objects"
    raw_answer: PlainForm = "data"
    raw_pages: PlainPages = "honoured"
    raw_page_size: int = 10
    raw_words: Literal["none", "total", "next"] = "none"
    faults: list[Fault] = field(default_factory=list)
    overrides: dict[str, dict[str, Any]] = field(default_factory=dict)

    def for_slug(self, slug: str | None) -> Behaviour:
        """Return the behavior towards one entity, or towards requests that concern none."""
        override = self.overrides.get(slug) if slug else None
        return replace(self, **override) if override else self

    def merge(self, values: Mapping[str, object], slug: str | None = None) -> None:
        """Change settings, for one entity if `slug` is given.

        Args:
            values: Settings by name. Texts are converted to the setting's type, sets from comma-separated text, `null`
                to None.
            slug: The entity, None for all.

        Raises:
            ValueError: There is no such setting, or it has no such value.
        """
        converted = {name: _convert(name, value) for name, value in values.items()}
        if slug is not None:
            self.overrides.setdefault(slug, {}).update(converted)
            return
        for name, value in converted.items():
            setattr(self, name, value)

    def assign(self, assignment: str) -> None:
        """Change a setting by text: `name=value`, or `slug:name=value` for one entity.

        Raises:
            ValueError: The text is not such an assignment.
        """
        left, equals, value = assignment.partition("=")
        if not equals:
            raise ValueError(f"Expected name=value, not {assignment}")
        slug, _, name = left.rpartition(":")
        self.merge({name: value}, slug or None)


_NAMES = frozenset(setting.name for setting in fields(Behaviour))


def _convert(name: str, value: object) -> object:
    if name not in _NAMES:
        raise ValueError(f"{name}: no such behaviour")
    if name == "absent" and isinstance(value, str):
        value = [slug for slug in value.split(",") if slug]
    if name == "absent_answer" and isinstance(value, str) and value.isdigit():
        value = int(value)
    try:
        return msgspec.convert(value, get_type_hints(Behaviour)[name], strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"{name}: {error}") from error
