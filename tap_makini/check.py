"""Checking a connection: one request for each stream, and a table of what can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tap_makini.errors import CredentialError, EntityAbsentError, MakiniError
from tap_makini.reading.rows import RowReader, dated
from tap_makini.sampling import newest_page
from tap_makini.sync import NothingReadError, StreamsFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tap_makini.reading import Source


class Finding(NamedTuple):
    """What one request told of a stream."""

    stream: str
    verdict: str
    records: str = ""
    newest: str = ""


def check(sources: Iterable[tuple[str, Source]], tell: Callable[[str], None]) -> None:
    """Ask for one record of each stream and tell what came.

    Args:
        sources: The list of each stream, by its name.
        tell: Takes the lines of the table.

    Raises:
        NothingReadError: The credential is wrong, or no stream is offered.
        StreamsFailedError: Some streams could not be read.
    """
    tell(f"{'stream':<32} {'offered':<10} {'records':>10}  newest update")
    verdicts, failures = [], []
    for name, source in sources:
        try:
            finding = _look(name, source)
        except CredentialError as error:
            raise NothingReadError(str(error)) from error
        except EntityAbsentError:
            finding = Finding(name, "no")
        except MakiniError as error:
            finding = Finding(name, "failed")
            failures.append(f"stream {name}: {error}")
        verdicts.append(finding.verdict)
        tell(f"{finding.stream:<32} {finding.verdict:<10} {finding.records:>10}  {finding.newest}".rstrip())
    if failures:
        raise StreamsFailedError("Not readable: " + " | ".join(failures))
    if "yes" not in verdicts:
        raise NothingReadError(
            "No stream is offered by this connection: check the settings api_url, api_token and products."
        )


def _look(name: str, source: Source) -> Finding:
    page = newest_page(source, 1)
    instants = dated(RowReader(source.replication_key).rows(page.records))
    newest = max(instants).strftime("%Y-%m-%d %H:%M") if instants else ""
    return Finding(name, "yes", "" if page.total is None else str(page.total), newest)
