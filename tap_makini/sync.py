"""A run: every selected stream in turn, each on its own, and what came of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_makini.errors import CredentialError, EntityAbsentError, MakiniError
from tap_makini.interruption import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_makini.job import Job
    from tap_makini.state import State
    from tap_makini.writer import LineWriter

logger = logging.getLogger(__name__)


class NothingReadError(Exception):
    """The run could not begin: a setting or a credential is wrong. The message says which."""


class StreamsFailedError(Exception):
    """Some streams failed; the others are complete. The message says which, why and what to do."""


@dataclass
class Summary:
    """What came of a run."""

    records: dict[str, int] = field(default_factory=dict)
    absent: dict[str, EntityAbsentError] = field(default_factory=dict)
    failed: dict[str, MakiniError] = field(default_factory=dict)


class Sync:
    """Runs jobs.

    Args:
        jobs: By the name of the stream.
        state: The state that they keep.
        writer: Takes the messages.
    """

    def __init__(self, jobs: Iterable[tuple[str, Job]], state: State, writer: LineWriter) -> None:
        self._jobs = jobs
        self._state = state
        self._writer = writer
        self.summary = Summary()

    def run(self) -> None:
        """Run the jobs; one that fails does not stop the others.

        Raises:
            NothingReadError: Nothing could be read at all.
            StreamsFailedError: Some streams failed.
            Interrupted: The process was told to stop; STATE is written.
        """
        try:
            for name, job in self._jobs:
                self._run(name, job)
        except Interrupted:
            self._writer.write_state(self._state.value)
            raise
        self._conclude()

    def _run(self, name: str, job: Job) -> None:
        revoked = next((e for e in self.summary.failed.values() if isinstance(e, CredentialError)), None)
        if revoked:
            self.summary.failed[name] = revoked
            return
        try:
            job.run()
        except EntityAbsentError as error:
            logger.warning("Stream %s is left out, since the connection does not offer it: %s.", name, error.cause)
            self.summary.absent[name] = error
        except CredentialError as error:
            if not self.summary.records:
                raise NothingReadError(str(error)) from error
            self._fail(name, error)
        except MakiniError as error:
            self._fail(name, error)
        except BrokenPipeError:
            raise  # nobody reads any more
        except Exception as error:
            logger.debug("Stream %s failed", name, exc_info=True)
            self._fail(name, MakiniError(f"{type(error).__name__}: {error}", "This is a fault of the tap: report it."))
        self._report(name, job)

    def _report(self, name: str, job: Job) -> None:
        if name not in self.summary.absent:
            self.summary.records[name] = job.records
        if job.undated:
            logger.info("Stream %s: %d records have no readable replication key.", name, job.undated)
        for pointer, found in job.drift.items():
            logger.info("Stream %s: %s is kept in _makini_extra: %s.", name, pointer, found)

    def _fail(self, name: str, error: MakiniError) -> None:
        logger.error("Stream %s failed: %s", name, error)
        self.summary.failed[name] = error
        self._writer.write_state(self._state.value)

    def _conclude(self) -> None:
        summary = self.summary
        self._writer.write_state(self._state.value)
        total = sum(summary.records.values())
        logger.info(
            "%d records of %d streams are written; %d streams are not offered, %d failed.",
            total,
            len(summary.records) - len(summary.failed),
            len(summary.absent),
            len(summary.failed),
        )
        if summary.absent and not summary.records:
            raise NothingReadError(
                "No selected stream is offered by this connection: check the settings api_url, api_token and products."
            )
        if summary.failed:
            raise StreamsFailedError(
                "Incomplete: " + " | ".join(f"stream {name}: {error}" for name, error in summary.failed.items())
            )
