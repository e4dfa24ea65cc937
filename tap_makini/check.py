"""Check connections: request one record of each stream, and print a table of what can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tap_makini.errors import (
    CredentialError,
    EntityAbsentError,
    MakiniError,
    NothingReadError,
    StreamsFailedError,
    UnreachableError,
)
from tap_makini.identifiers import CONNECTIONS
from tap_makini.pagination.list_reader import why_read_in_full
from tap_makini.pagination.paginator import dated
from tap_makini.redaction import presentable
from tap_makini.streams.sampling import newest_page
from tap_makini.sync.summary import Result, by_cause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tap_makini.connections.connection import Connection
    from tap_makini.streams import ListStream


class Finding(NamedTuple):
    """What one request showed of a stream."""

    verdict: str
    records: str = ""
    newest: str = ""
    full_read_reason: str | None = None
    error: MakiniError | None = None


def check(connections: Iterable[Connection], streams: Sequence[ListStream], print_line: Callable[[str], None]) -> None:
    """Request one record of each stream of each connection, and print what came.

    Args:
        connections: The connections to check.
        streams: The streams to check.
        print_line: Prints a line.

    Raises:
        NothingReadError: No credential is valid, or no stream is offered.
        StreamsFailedError: Some streams could not be read.
    """
    failed: list[Result] = []
    offered = 0
    for connection in connections:
        if connection.name is not None:
            print_line(presentable(f"Connection {connection.name}"))
        print_line(f"{'stream':<32} {'offered':<10} {'records':>10}  newest update")
        for stream in streams:
            finding = _find(stream, connection)
            offered += finding.verdict == "yes" and stream.name != CONNECTIONS  # which is no entity
            name = presentable(stream.name)
            print_line(f"{name:<32} {finding.verdict:<10} {finding.records:>10}  {finding.newest}".rstrip())
            if finding.full_read_reason:
                print_line(f"{'':<32} read in full each run because {presentable(finding.full_read_reason)}")
            if finding.error is not None:
                failed.append(Result(stream.name, connection.name, error=finding.error))
            if isinstance(finding.error, (CredentialError, UnreachableError)):
                break  # all others would fail the same way
    _conclude(failed, offered)


def _conclude(failed: list[Result], offered: int) -> None:
    if failed and (offered or not all(isinstance(result.error, CredentialError) for result in failed)):
        raise StreamsFailedError(f"Not readable: {by_cause(failed)}")
    if failed:
        raise NothingReadError(by_cause(failed) if failed[0].connection else str(failed[0].error))
    if not offered:
        raise NothingReadError("No stream is offered. Check the settings api_url, api_token and products.")


def _find(stream: ListStream, connection: Connection) -> Finding:
    try:
        fetcher = stream.page_fetcher(connection)
        page = newest_page(fetcher, 1)
        reason = why_read_in_full(fetcher, page)
    except EntityAbsentError:
        return Finding("no")
    except MakiniError as error:
        return Finding("failed", error=error)
    timestamps = dated(fetcher.row_reader.rows(page.records))
    newest = max(timestamps).strftime("%Y-%m-%d %H:%M") if timestamps else ""
    return Finding("yes", "" if page.total is None else str(page.total), newest, reason)
