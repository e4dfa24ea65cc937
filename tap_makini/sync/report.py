"""What is said of a run at its end, and what it means for the exit code."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from tap_makini.entities import CONNECTIONS
from tap_makini.errors import CredentialError, NothingReadError, StreamsFailedError
from tap_makini.streams import ListStream
from tap_makini.sync.summary import Status, Summary, by_cause

if TYPE_CHECKING:
    from tap_makini.sync.partition import Partition
    from tap_makini.sync.summary import Result

logger = logging.getLogger(__name__)

_MOST_PLACES = 10


def tell_oddities(output: Partition, result: Result) -> None:
    """Log what the schema did not foresee in a stream's records, without their values."""
    result.drifts = len(output.drift)
    if output.outcome and output.outcome.undated and output.stream.filter_key:
        logger.warning(
            "Stream %s: %d records have no readable %s, and incremental reads do not see them change: "
            "use reconcile_days, or FULL_TABLE for this stream.",
            result.name,
            output.outcome.undated,
            output.stream.filter_key,
        )
    outcome = output.outcome
    if outcome and outcome.is_unsettled and not outcome.shortages and _is_list_read_whole(output):
        logger.warning(
            "Stream %s changed while it was read, and some records may have slipped through: "
            "the next run reads it whole again.",
            result.name,
        )
    if output.drift:
        places = [f"{drift.example} ({drift.kind}, {drift.count} in all)" for drift in output.drift.values()]
        logger.info("Stream %s: what no column takes is in _makini_extra: %s.", result.name, _shortened(places))
    if result.records and output.never_seen:
        logger.info("Stream %s: no record has %s.", result.name, _shortened(output.never_seen))


def _is_list_read_whole(output: Partition) -> bool:
    """Whether there is no bookmark to tell of changes, and no list of which others tell."""
    return isinstance(output.stream, ListStream) and output.stream.filter_key is None


def _shortened(places: list[str]) -> str:
    more = len(places) - _MOST_PLACES
    return ", ".join(places[:_MOST_PLACES]) + (f" and {more} more" if more > 0 else "")


def conclude(summary: Summary) -> None:
    """Log what came of a run.

    Raises:
        NothingReadError: Nothing could be read at all.
        StreamsFailedError: Some streams failed.
    """
    complete, absent = summary.with_status(Status.COMPLETE), summary.with_status(Status.ABSENT)
    failed = summary.with_status(Status.FAILED, Status.DROPPED)
    refused = [result for result in failed if isinstance(result.error, CredentialError)]
    if refused and not summary.records and len(refused) + len(absent) == len(summary.results):
        raise NothingReadError(by_cause(refused) if refused[0].connection else str(refused[0].error))
    logger.info("Summary: %s", json.dumps([result.to_dict() for result in summary.results]))
    for line in summary.table():
        logger.info("%s", line)
    logger.info(
        "Records written: %d. Streams: %d complete, %d not offered, %d skipped, %d failed.",
        summary.records,
        len(complete),
        len(absent),
        len(summary.with_status(Status.SKIPPED)),
        len(failed),
    )
    if not summary.results:
        logger.warning("No stream is selected, so nothing was read.")
    if failed:
        raise StreamsFailedError(f"Incomplete: {by_cause(failed)}")
    if absent and all(result.status is Status.ABSENT for result in summary.results if not _is_of_connection(result)):
        raise NothingReadError(
            "No selected stream is offered by this connection: check the settings api_url, api_token and products."
        )


def _is_of_connection(result: Result) -> bool:
    return result.stream == CONNECTIONS.stream
