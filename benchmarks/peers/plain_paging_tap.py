"""Read with this tap page by page, by number and without proof: the difference is the cost of its paginators."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_makini.pagination import list_reader
from tap_makini.pagination.paginator import Batch
from tap_makini.tap import TapMakini

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_makini.pagination.page_fetcher import FirstPage


class PlainPaging:
    """Reads the pages 1, 2, 3 … in the order of the first request."""

    def __init__(self, first_page: FirstPage) -> None:
        self._first_page = first_page

    def batches(self) -> Iterator[Batch]:
        """Read the list."""
        fetcher, request, page, rows = self._first_page
        yield Batch(rows)
        while not page.is_last:
            page = fetcher.fetch(replace(request, page=page.number + 1))
            yield Batch(fetcher.row_reader.rows(page.records))


def _always_plain(_: list_reader.ListReader, first_page: FirstPage) -> PlainPaging:
    return PlainPaging(first_page)


if __name__ == "__main__":
    list_reader.ListReader._choose = _always_plain  # type: ignore[assignment,method-assign] # noqa: SLF001 - the seam
    TapMakini.cli()
