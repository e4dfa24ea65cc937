"""The tables that records go to: what targets are told of them, and when."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from singer_sdk.singerlib.messages import ActivateVersionMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_makini.running.job import Job
    from tap_makini.running.writer import LineWriter


class Tables:
    """The tables that the records of all connections go to.

    Each is announced by one SCHEMA, ahead of its first record. An ACTIVATE_VERSION, upon which a target drops all
    older rows, is sent once the stream has been read to its end in every connection, and never if one broke off.
    """

    def __init__(self, jobs: Sequence[Job], writer: LineWriter) -> None:
        self._writer = writer
        self._begun: set[str] = set()
        self._left = Counter(job.stream.name for job in jobs)
        self._broken: set[str] = set()

    def begin(self, job: Job) -> None:
        """Announce a job's table, unless it has been."""
        if job.stream.name not in self._begun:
            job.stream.write_schema()
            self._begun.add(job.stream.name)

    def end(self, job: Job, *, is_whole: bool) -> None:
        """Note that a job has ended."""
        name = job.stream.name
        self._left[name] -= 1
        if not is_whole:
            self._broken.add(name)
        if job.version is not None and not self._left[name] and name in self._begun and name not in self._broken:
            self._writer.write_message(ActivateVersionMessage(name, job.version))
