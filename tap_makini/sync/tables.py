"""The tables that records go to: what targets are told of them, and when."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from singer_sdk.singerlib.messages import ActivateVersionMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_makini.sync.partition import Partition
    from tap_makini.sync.writer import LineWriter


class Tables:
    """The tables that the records of all connections go to.

    Each is announced by one SCHEMA, ahead of its first record. An ACTIVATE_VERSION, upon which a target drops all
    older rows, is sent once the stream has been read to its end in every connection, and never if one broke off.
    """

    def __init__(self, outputs: Sequence[Partition], writer: LineWriter) -> None:
        self._writer = writer
        self._begun: set[str] = set()
        self._left = Counter(output.stream.name for output in outputs)
        self._broken: set[str] = set()

    def begin(self, output: Partition) -> None:
        """Announce an output's table, unless it has been."""
        if output.stream.name not in self._begun:
            output.stream.write_schema()
            self._begun.add(output.stream.name)

    def end(self, output: Partition, *, is_whole: bool) -> None:
        """Note that an output has ended."""
        name = output.stream.name
        self._left[name] -= 1
        if not is_whole:
            self._broken.add(name)
        if output.version is not None and not self._left[name] and name in self._begun and name not in self._broken:
            self._writer.write_message(ActivateVersionMessage(name, output.version))
