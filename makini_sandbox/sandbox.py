"""Make a sandbox: its data, its behavior, its server."""

from __future__ import annotations

from datetime import timezone
from typing import TYPE_CHECKING

from makini_sandbox.app import build_app
from makini_sandbox.behaviour import Behaviour
from makini_sandbox.clock import system_clock
from makini_sandbox.data.builder import Builder
from makini_sandbox.data.raw import RawTables
from makini_sandbox.data.world import World
from makini_sandbox.server import ThreadedServer
from makini_sandbox.state import State
from makini_sandbox.store import Store
from makini_sandbox.tokens import Connection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    from typing_extensions import Self

    from makini_sandbox.clock import Clock

DEFAULT_ROWS = 120
DEFAULT_RAW_ROWS = 25
DEFAULT_TOKEN = "sandbox-token"  # noqa: S105 - opens nothing but the sandbox


class Sandbox(State):
    """A double of the Makini API, served while the context is entered.

    The data are the same for the same `seed`, sizes and day of the clock: they are spread over the two years that end
    with the day before.

    Args:
        rows: Rows per entity; master data stay few, statuses, units, currencies and taxes fixed.
        seed: Seed of all random values.
        behaviour: How it behaves; the default is as documented.
        sizes: Rows of single entities, by slug.
        raw_rows: Rows of each raw table except the one that is empty.
        raw: The rows of raw tables by name, in place of the sandbox's own tables.
        connections: Names of connections by token, each with data of its own.
        clock: Returns the time.
        host: Address to listen on.
        port: Port to listen on, 0 for a free one.
        verbose: Whether requests are logged.
    """

    def __init__(  # noqa: PLR0913 - options, all by name and with defaults
        self,
        *,
        rows: int = DEFAULT_ROWS,
        seed: int = 1,
        behaviour: Behaviour | None = None,
        sizes: Mapping[str, int] | None = None,
        raw_rows: int = DEFAULT_RAW_ROWS,
        raw: Mapping[str, Sequence[object]] | None = None,
        connections: Mapping[str, str] | None = None,
        clock: Clock = system_clock,
        host: str = "127.0.0.1",
        port: int = 0,
        verbose: bool = False,
    ) -> None:
        super().__init__(behaviour or Behaviour(), clock)
        until = _midnight(clock())
        for token, name in (connections or {DEFAULT_TOKEN: "main"}).items():
            world = World(name, seed, rows, until, sizes or {})
            builder = Builder(
                world, quirks=self.behaviour.quirks, work_order_materials=self.behaviour.work_order_materials
            )
            store = Store(builder, RawTables(world, raw_rows, raw), lambda: self.behaviour, clock)
            self.connections[token] = Connection(name, token, store)
        self._address = (host, port)
        self._verbose = verbose
        self._server: ThreadedServer | None = None

    @property
    def url(self) -> str:
        """Base URL, without a slash at the end.

        Raises:
            RuntimeError: The context has not been entered.
        """
        if self._server is None:
            raise RuntimeError("The sandbox is not being served.")
        return self._server.url

    def __enter__(self) -> Self:
        self._server = ThreadedServer(build_app(self), *self._address, verbose=self._verbose)
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.stop()
        if self.failures and error is None:
            raise self.failures[0]


def _midnight(now: datetime) -> int:
    day = now.astimezone(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    return int(day.timestamp())
