"""Read with this tap page by page, by number and without proof: the difference is the cost of its paginators."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_makini.pagination import list_reader
from tap_makini.pagination.paginator import Batch, FirstPage
from tap_makini.tap import TapMakini

if TYPE_CHECKING:
    from collections.abc import Iterator


class PlainPaging:
    """Reads the pages 1, 2, 3 … in the order of the first request."""

    def __init__(self, opening: FirstPage) -> None:
        self._opening = opening

    def batches(self) -> Iterator[Batch]:
        """Read the list."""
        source, query, page, reader = self._opening
        yield Batch(reader.rows(page.records))
        while not page.is_last:
            page = source.fetch(replace(query, page=page.number + 1))
            yield Batch(reader.rows(page.records))


def _always_plain(_: list_reader.ListReader, opening: FirstPage) -> PlainPaging:
    return PlainPaging(opening)


if __name__ == "__main__":
    list_reader.ListReader._choose = _always_plain  # type: ignore[assignment,method-assign] # noqa: SLF001 - the seam
    TapMakini.cli()
