"""The double as a whole: its connections, its behaviour, its server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from makini_sandbox.app import build_app
from makini_sandbox.behaviour import Behaviour
from makini_sandbox.clock import system_clock
from makini_sandbox.data.builder import Builder
from makini_sandbox.data.raw import raw_tables
from makini_sandbox.data.world import World
from makini_sandbox.raw_store import RawStore
from makini_sandbox.recorded import RecordedRequest
from makini_sandbox.server import ThreadedServer
from makini_sandbox.store import Store
from makini_sandbox.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from makini_sandbox.clock import Clock

DEFAULT_ROWS = 120
DEFAULT_RAW_ROWS = 25
DEFAULT_TOKEN = "sandbox-token"  # noqa: S105 - opens nothing but the sandbox

Callback = Callable[["Sandbox", RecordedRequest], object]


@dataclass(frozen=True)
class Connection:
    """One customer's system.

    Attributes:
        name: Name of the connection.
        token: Token that opens it.
        store: Its data.
    """

    name: str
    token: str
    store: Store


class Sandbox:
    """An API double, served while the context is entered.

    Data are the same for the same ``seed``, sizes and day of the clock: the two years they spread
    over end with the day before.

    Args:
        rows: Rows an entity; master data stay few, statuses, units, currencies and taxes fixed.
        seed: Source of all chance.
        behaviour: How it behaves; the default is the documented way.
        sizes: Rows of single entities, by slug.
        raw_rows: Rows of each raw table but the one that is empty.
        raw: The rows of raw tables by name, instead of the tables it has by itself.
        connections: Names of connections by token, each with data of its own.
        clock: Gives the time.
        host: Address to listen on.
        port: Port to listen on, 0 for a free one.
        verbose: Whether requests are logged.

    Attributes:
        behaviour: May be changed at any time.
        clock: Gives the time.
        connections: Connections by token.
        tokens: The tokens that it has given out.
        requests: All requests under ``/api`` so far.
        failures: Errors of the sandbox or of a callback; the first is raised at the end.
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
        self.behaviour = behaviour or Behaviour()
        self.clock = clock
        self.requests: list[RecordedRequest] = []
        self.failures: list[Exception] = []
        self.tokens = Tokens(self)
        self._callbacks: list[Callback] = []
        self._raw_rows, self._raw = raw_rows, raw
        until = _midnight(clock())
        self.connections = {
            token: self._connection(name, token, World(name, seed, rows, until, sizes or {}))
            for token, name in (connections or {DEFAULT_TOKEN: "main"}).items()
        }
        self._address = (host, port)
        self._verbose = verbose
        self._server: ThreadedServer | None = None

    def _connection(self, name: str, token: str, world: World) -> Connection:
        builder = Builder(
            world,
            quirks=self.behaviour.quirks,
            work_order_materials=self.behaviour.work_order_materials,
        )
        raw = RawStore(lambda: raw_tables(world, self._raw_rows) if self._raw is None else self._raw)
        return Connection(name, token, Store(world, builder, raw, lambda: self.behaviour, self.clock))

    @property
    def url(self) -> str:
        """Base URL, without a slash at the end.

        Raises:
            RuntimeError: If the context has not been entered.
        """
        if self._server is None:
            message = "the sandbox is not being served"
            raise RuntimeError(message)
        return self._server.url

    @property
    def token(self) -> str:
        """Token of the first connection."""
        return next(iter(self.connections))

    @property
    def store(self) -> Store:
        """Data of the first connection."""
        return self.connections[self.token].store

    def on_request(self, callback: Callback) -> None:
        """Have a callback called before each answer with rows is built, in the server's thread."""
        self._callbacks.append(callback)

    def before_list(self, record: RecordedRequest) -> None:
        """Call the callbacks."""
        for callback in self._callbacks:
            callback(self, record)

    def behaviour_towards(self, record: RecordedRequest) -> Behaviour:
        """The behaviour towards what a request is about."""
        return self.behaviour.for_slug(record.slug) if record.slug else self.behaviour

    def __enter__(self) -> Self:
        self._server = ThreadedServer(build_app(self), *self._address, verbose=self._verbose)
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.stop()
        if self.failures and error is None:
            raise self.failures[0]


def _midnight(now: datetime) -> int:
    day = now.astimezone(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    return int(day.timestamp())
