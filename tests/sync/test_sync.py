from __future__ import annotations

import json
import logging
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest
from singer_sdk import metrics
from singer_sdk.singerlib.messages import SchemaMessage

from tap_makini.conform import Drift
from tap_makini.connections.freshness import Integration
from tap_makini.errors import (
    CredentialError,
    EntityAbsentError,
    MakiniError,
    NothingNewError,
    NothingReadError,
    StreamsFailedError,
    TransientError,
    UnreachableError,
)
from tap_makini.http.client import RequestStats
from tap_makini.pagination.paginator import Outcome
from tap_makini.sync.bookmark import Bookmark
from tap_makini.sync.interruption import Interrupted
from tap_makini.sync.partition import Delivery
from tap_makini.sync.state import State
from tap_makini.sync.summary import Status
from tap_makini.sync.sync import Sync
from tap_makini.sync.writer import LineWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tap_makini.sync.list_sync import ListSync
    from tap_makini.sync.partition import Partition

KEY = "updatedAt"
VERSION = 1_700_000_000
LATEST = datetime(2020, 1, 1, tzinfo=timezone.utc)
REFUSED = CredentialError("the server answered 401", "Check the token.")
ABSENT = EntityAbsentError("the server answered 404", "Deselect it.")
BROKEN = MakiniError("the server answered 500", "Run again later.")
OUTAGE = TransientError("the server answered 500", "Run again later.")
UNREACHABLE = UnreachableError("no response came", "Check the network.")
NOTHING_KNOWN = Integration()
NOTHING_NEW = NothingNewError("Makini has not synced it", "Nothing to do.")


class StubRateLimiter:
    """Takes note of what stopped it."""

    def __init__(self) -> None:
        self.stopped_by: list[Exception] = []

    def stop(self, error: Exception) -> None:
        self.stopped_by.append(error)


@dataclass(eq=False)
class StubConnection:
    """A connection that gets no requests."""

    name: str | None
    integration: Integration = NOTHING_KNOWN
    rate_limiter: StubRateLimiter = field(default_factory=StubRateLimiter)

    @property
    def client(self) -> StubConnection:
        return self

    def __str__(self) -> str:
        return self.name or "the connection"


@dataclass
class StubStream:
    """A stream that announces itself."""

    name: str
    writer: LineWriter
    filter_key: str | None = None

    def write_schema(self) -> None:
        self.writer.write_message(SchemaMessage(self.name, {"properties": {"key": {"type": "string"}}}, ["key"]))

    def get_record_counter(self) -> metrics.Counter:
        return metrics.record_counter(self.name)

    def get_sync_timer(self) -> metrics.Timer:
        return metrics.sync_timer(self.name)


@dataclass(eq=False)
class StubListSync:
    """A list sync of one partition, whose pages are given.

    Attributes:
        pages: How many records each delivery has.
        error: What ends it; None for its end.
        begin: Waited for before anything is delivered.
    """

    stream: StubStream
    connection: StubConnection
    state: State
    pages: Sequence[int] = (1,)
    error: BaseException | None = None
    version: int | None = None
    request_stats: RequestStats = field(default_factory=RequestStats)
    outcome: Outcome = field(default_factory=lambda: Outcome(latest=LATEST))
    drift: dict[str, Drift] = field(default_factory=dict)
    never_seen: list[str] = field(default_factory=list)
    begin: threading.Barrier | None = None
    began_at: datetime = LATEST
    has_delivered: bool = False
    begun: bool = False

    @property
    def name(self) -> str:
        return self.stream.name

    @property
    def expected(self) -> int | None:
        return self.outcome.expected

    @property
    def partitions(self) -> tuple[Partition]:
        return (cast("Partition", self),)

    def events(self) -> Iterator[Delivery]:
        self.begun = True
        if self.begin is not None:
            self.begin.wait(30)
        for number, count in enumerate(self.pages):
            key = f"{self.connection.name}-{number}"
            line = json.dumps({"type": "RECORD", "stream": self.stream.name, "record": {"key": key}})
            progress = Bookmark(KEY).interrupted(LATEST, LATEST + timedelta(days=number))
            reach = partial(self._keep, progress) if self.stream.filter_key else None
            yield Delivery(*self.partitions, [line.encode() + b"\n"] * count, count, reach)
        if self.error is not None:
            raise self.error
        if self.stream.filter_key:
            yield Delivery(*self.partitions, (), 0, partial(self._keep, Bookmark(KEY, LATEST)))

    def _keep(self, bookmark: Bookmark) -> None:
        self.state.keep(self.stream.name, self.connection.name, bookmark)


class Run:
    """List syncs, and what comes of running them.

    Attributes:
        state: The state they keep.
        list_syncs: The list syncs.
        raised: What the run ended with.
    """

    def __init__(self, path: Path, writer: LineWriter) -> None:
        self._path = path
        self.writer = writer
        self.state = State({})
        self.list_syncs: list[StubListSync] = []
        self.raised: BaseException | None = None

    def add(self, stream: str, connection: StubConnection, **options: Any) -> StubListSync:  # noqa: ANN401 - fields of a job
        """Add a list sync of a full-table stream, unless a key is given."""
        described = StubStream(stream, self.writer, options.pop("filter_key", None))
        self.list_syncs.append(StubListSync(described, connection, self.state, **options))
        return self.list_syncs[-1]

    def go(self, workers: int = 1) -> Sync:
        sync = Sync(cast("list[ListSync]", self.list_syncs), workers, self.state, self.writer, "all")
        try:
            sync.run()
        except (NothingReadError, StreamsFailedError, Interrupted) as error:
            self.raised = error
        return sync

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._path.read_bytes().splitlines()]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]

    def shape(self) -> list[str]:
        """Return type and stream of each message but STATE."""
        return [f"{message['type']} {message['stream']}" for message in self.messages if "stream" in message]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with (tmp_path / "output").open("wb") as file:
        yield Run(tmp_path / "output", LineWriter(file.fileno()))


def statuses(sync: Sync) -> dict[str, str]:
    return {result.name: result.status.value for result in sync.summary.results}


ACME, ZETA, ONLY = "acme", "zeta", None


# --- messages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 4])
def test_one_schema_of_each_stream_precedes_all_its_records(run: Run, workers: int) -> None:
    connections = [StubConnection(name) for name in "abc"]
    for connection in connections:
        for stream in ("assets", "sites", "empty"):
            run.add(stream, connection, pages=[0] if stream == "empty" else [2, 1])
    sync = run.go(workers)

    shape = run.shape()
    assert {kind: shape.count(kind) for kind in set(shape)} == {
        "SCHEMA assets": 1,
        "SCHEMA sites": 1,
        "SCHEMA empty": 1,
        "RECORD assets": 9,
        "RECORD sites": 9,
    }
    for stream in ("assets", "sites"):
        assert shape.index(f"SCHEMA {stream}") < shape.index(f"RECORD {stream}")
    assert set(statuses(sync).values()) == {"complete"}
    assert sync.summary.records == 18
    assert run.raised is None


def test_a_state_covers_what_has_been_written_and_no_more(run: Run) -> None:
    run.add("assets", StubConnection(ACME), filter_key=KEY, pages=[1, 1, 1])
    run.go()

    kinds = [message["type"] for message in run.messages]
    assert kinds == ["SCHEMA", *(["RECORD", "STATE"] * 3), "STATE"]
    reached = [state["value"]["bookmarks"]["assets"]["connections"]["acme"] for state in run.of("STATE")]
    assert [entry.get("progress", {}).get("reached", "")[:10] for entry in reached] == [
        "2020-01-01",
        "2020-01-02",
        "2020-01-03",
        "",
    ]


def test_a_stream_that_fails_keeps_the_state_of_what_it_delivered(run: Run) -> None:
    run.add("assets", StubConnection(ACME), filter_key=KEY, pages=[1, 1], error=BROKEN)
    run.go()

    entry = run.of("STATE")[-1]["value"]["bookmarks"]["assets"]["connections"]["acme"]
    assert entry["progress"]["reached"].startswith("2020-01-02")
    assert "replication_key_value" not in entry


def test_an_interrupted_run_writes_its_state_once_more_and_ends(run: Run) -> None:
    only = StubConnection(ONLY)
    run.add("assets", only, filter_key=KEY, error=Interrupted(143))
    later = run.add("sites", only)
    run.go()

    assert isinstance(run.raised, Interrupted)
    assert run.raised.code == 143
    assert not later.begun
    states = run.of("STATE")
    assert states[-1] == states[-2]
    assert run.messages[-1]["type"] == "STATE"
    assert states[-1]["value"]["bookmarks"]["assets"]["progress"]["reached"].startswith("2020-01-01")


def test_a_run_that_is_interrupted_before_the_first_record_writes_a_state(run: Run) -> None:
    run.add("assets", StubConnection(ONLY), error=Interrupted(143), pages=[])
    run.go()

    assert isinstance(run.raised, Interrupted)
    assert [message["value"] for message in run.of("STATE")] == [{"bookmarks": {}}]


def test_an_interruption_just_before_the_last_state_does_not_cost_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.add("assets", StubConnection(ONLY), filter_key=KEY)
    write, signals = run.writer.write_state, [Interrupted(143)]

    def interrupted(state: dict[str, Any], *, may_wait: bool = False, force: bool = False) -> None:
        if may_wait:  # as if it was large
            return
        if signals:
            raise signals.pop()
        write(state, force=force)

    monkeypatch.setattr(run.writer, "write_state", interrupted)
    run.go()

    assert isinstance(run.raised, Interrupted)
    assert run.messages[-1]["value"] == run.state.value


def test_a_run_without_streams_logs_a_warning(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        run.go()

    assert not run.messages
    assert caplog.messages == ["No stream is selected, so nothing was read."]
    assert run.raised is None


# --- ACTIVATE_VERSION ------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 3])
def test_a_version_is_activated_when_the_last_connection_has_been_read_in_full(run: Run, workers: int) -> None:
    for name in "abc":
        run.add("sites", StubConnection(name), version=VERSION, pages=[1, 1])
    run.go(workers)

    assert run.shape() == ["SCHEMA sites", *["RECORD sites"] * 6, "ACTIVATE_VERSION sites"]
    assert run.of("ACTIVATE_VERSION")[0]["version"] == VERSION


@pytest.mark.parametrize("error", [BROKEN, REFUSED, UNREACHABLE, NOTHING_NEW, ValueError("boom")])
@pytest.mark.parametrize("pages", [[1], []], ids=["begun", "not begun"])
@pytest.mark.parametrize("first", ["whole", "broken"])
def test_a_version_is_not_activated_if_a_connection_was_not_read_in_full(
    run: Run, error: Exception, pages: list[int], first: str
) -> None:
    acme, zeta = StubConnection(ACME), StubConnection(ZETA)
    run.add("sites", acme, version=VERSION)
    run.add("sites", zeta, version=VERSION, pages=pages, error=error)
    run.add("teams", acme, version=VERSION)
    if first == "broken":
        run.list_syncs.insert(0, run.list_syncs.pop(1))
    run.go()

    assert [message["stream"] for message in run.of("ACTIVATE_VERSION")] == ["teams"]


def test_a_version_is_not_activated_if_a_connection_was_dropped(run: Run) -> None:
    acme, zeta = StubConnection(ACME), StubConnection(ZETA)
    run.add("assets", zeta, version=VERSION, error=REFUSED, pages=[])
    run.add("sites", zeta, version=VERSION)
    run.add("sites", acme, version=VERSION)
    run.go()

    assert not run.of("ACTIVATE_VERSION")
    assert "RECORD sites" in run.shape()


def test_no_version_is_activated_while_a_connection_does_not_offer_the_entity(run: Run) -> None:
    run.add("sites", StubConnection(ACME), version=VERSION)
    run.add("sites", StubConnection(ZETA), version=VERSION, pages=[], error=ABSENT)
    run.add("teams", StubConnection(ZETA), version=VERSION, pages=[], error=ABSENT)
    run.go()

    # it may offer it again tomorrow, and its older rows would be gone
    assert run.shape() == ["SCHEMA sites", "RECORD sites"]


def test_without_a_version_none_is_activated(run: Run) -> None:
    run.add("sites", StubConnection(ONLY))
    run.go()

    assert run.shape() == ["SCHEMA sites", "RECORD sites"]


# --- failures --------------------------------------------------------------------------------------


def test_one_revoked_connection_of_several_is_dropped_and_the_others_are_read(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    connections = [StubConnection(name) for name in ("acme", "revoked", "zeta")]
    for connection in connections:
        for stream in ("assets", "sites", "teams"):
            is_refused = connection.name == "revoked"
            run.add(stream, connection, pages=[] if is_refused else [2], error=REFUSED if is_refused else None)
    with caplog.at_level(logging.ERROR):
        sync = run.go()

    tried = [each for each in run.list_syncs if each.begun and each.connection.name == "revoked"]
    assert len(tried) == 1
    assert statuses(sync) == {
        **{f"{name}/{stream}": "complete" for name in ("acme", "zeta") for stream in ("assets", "sites", "teams")},
        "revoked/assets": "failed",
        "revoked/sites": "dropped",
        "revoked/teams": "dropped",
    }
    assert sync.summary.records == 12
    assert connections[1].rate_limiter.stopped_by == [REFUSED]
    assert not connections[0].rate_limiter.stopped_by
    assert not caplog.messages
    assert isinstance(run.raised, StreamsFailedError)
    assert str(run.raised) == "Incomplete: revoked (3 streams): the server answered 401. Check the token."


def test_running_lists_of_a_revoked_connection_fail_by_themselves(run: Run) -> None:
    together = threading.Barrier(2)
    zeta = StubConnection(ZETA)
    for stream in ("assets", "sites"):
        run.add(stream, zeta, pages=[], error=REFUSED, begin=together)
    sync = run.go(2)

    assert statuses(sync) == {"zeta/assets": "failed", "zeta/sites": "failed"}
    assert isinstance(run.raised, NothingReadError)


def test_a_connection_is_dropped_when_it_was_unreachable_twice(run: Run) -> None:
    acme, zeta = StubConnection(ACME), StubConnection(ZETA)
    for stream in ("assets", "pm", "sites", "teams"):
        run.add(stream, zeta, pages=[], error=UNREACHABLE)
        run.add(stream, acme)
    sync = run.go()

    assert [statuses(sync)[f"zeta/{stream}"] for stream in ("assets", "pm", "sites", "teams")] == [
        "failed",
        "failed",
        "dropped",
        "dropped",
    ]
    assert sync.summary.records == 4


def test_a_connection_is_dropped_after_four_transient_failures_in_a_row(run: Run) -> None:
    zeta = StubConnection(ZETA)
    for number in range(62):
        run.add(f"stream_{number}", zeta, pages=[], error=OUTAGE)
    run.add("sites", StubConnection(ACME))
    sync = run.go()

    assert Counter(statuses(sync).values()) == {"failed": 4, "dropped": 58, "complete": 1}
    assert zeta.rate_limiter.stopped_by


def test_a_connection_is_not_dropped_while_some_of_its_streams_are_complete(run: Run) -> None:
    zeta = StubConnection(ZETA)
    for number in range(12):
        run.add(
            f"stream_{number}", zeta, pages=[1] if number % 4 == 3 else [], error=None if number % 4 == 3 else OUTAGE
        )
    sync = run.go()

    assert Counter(statuses(sync).values()) == {"failed": 9, "complete": 3}


def test_an_error_ends_its_own_stream_only(run: Run) -> None:
    only = StubConnection(ONLY)
    run.add("assets", only, pages=[1], error=BROKEN)
    run.add("sites", only, pages=[], error=ABSENT)
    run.add("teams", only, pages=[3])
    sync = run.go()

    assert statuses(sync) == {"assets": "failed", "sites": "absent", "teams": "complete"}
    assert run.shape() == ["SCHEMA assets", "RECORD assets", "SCHEMA teams", *["RECORD teams"] * 3]
    assert str(run.raised) == "Incomplete: assets: the server answered 500. Run again later."


def test_an_unexpected_exception_is_reported_as_a_bug(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    only = StubConnection(ONLY)
    run.add("assets", only, pages=[1], error=ZeroDivisionError("division by zero"))
    run.add("sites", only)
    with caplog.at_level(logging.DEBUG, "tap_makini.sync.sync"):
        run.go()

    assert str(run.raised) == (
        "Incomplete: assets: ZeroDivisionError: division by zero. This is a bug in the tap: report it."
    )
    assert "RECORD sites" in run.shape()
    assert [record.exc_info is not None for record in caplog.records if record.levelname == "DEBUG"] == [True]


def test_a_connection_without_news_is_skipped_and_the_run_succeeds(run: Run) -> None:
    zeta = StubConnection(ZETA)
    run.add("assets", zeta, pages=[], error=NOTHING_NEW)
    skipped = run.add("sites", zeta)
    run.add("assets", StubConnection(ACME))
    sync = run.go()

    assert statuses(sync) == {"zeta/assets": "skipped", "zeta/sites": "skipped", "acme/assets": "complete"}
    assert not skipped.begun
    assert not zeta.rate_limiter.stopped_by
    assert run.raised is None


# --- the end ---------------------------------------------------------------------------------------


def outcome(run: Run, *ends: tuple[str | None, Exception | None, int]) -> BaseException | None:
    """Run a list sync for each connection, error and number of records."""
    for number, (name, error, records) in enumerate(ends):
        run.add(f"stream_{number}", StubConnection(name), pages=[records] if records else [], error=error)
    run.go()
    return run.raised


@pytest.mark.parametrize(
    ("ends", "kind", "message"),
    [
        ([(None, None, 1), (None, ABSENT, 0)], None, ""),
        ([(None, None, 0)], None, ""),
        ([(None, NOTHING_NEW, 0)], None, ""),
        ([("a", NOTHING_NEW, 0), ("b", ABSENT, 0)], None, ""),
        ([(None, ABSENT, 0), (None, ABSENT, 0)], NothingReadError, "No selected stream is offered"),
        ([(None, REFUSED, 0)], NothingReadError, "the server answered 401. Check the token."),
        (
            [("a", REFUSED, 0), ("b", REFUSED, 0)],
            NothingReadError,
            "a/stream_0, b/stream_1: the server answered 401. Check the token.",
        ),
        ([(None, REFUSED, 1)], StreamsFailedError, "Incomplete: stream_0: the server answered 401"),
        ([("a", None, 0), ("b", REFUSED, 0)], StreamsFailedError, "Incomplete: b/stream_1: the server answered 401"),
        (
            [("a", ABSENT, 0), ("b", REFUSED, 0)],
            NothingReadError,
            "b/stream_1: the server answered 401. Check the token.",
        ),
        ([(None, BROKEN, 0)], StreamsFailedError, "Incomplete: stream_0: the server answered 500"),
        ([(None, ABSENT, 0), (None, BROKEN, 0)], StreamsFailedError, "Incomplete: stream_1: "),
    ],
)
def test_a_run_ends_with_the_error_that_its_results_ask_for(
    run: Run,
    ends: list[tuple[str | None, Exception | None, int]],
    kind: type[Exception] | None,
    message: str,
) -> None:
    raised = outcome(run, *ends)

    assert type(raised) is (kind or type(None))
    assert str(raised or "").startswith(message)


def test_the_log_ends_with_a_summary_for_machines_and_one_for_people(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "tap_makini"):
        outcome(run, ("a", None, 3), ("b", BROKEN, 1), ("c", ABSENT, 0))

    [line] = [message for message in caplog.messages if message.startswith("Summary: ")]
    results = json.loads(line.removeprefix("Summary: "))
    assert [(one["connection"], one["stream"], one["status"], one["records"]) for one in results] == [
        ("a", "stream_0", "complete", 3),
        ("b", "stream_1", "failed", 1),
        ("c", "stream_2", "absent", 0),
    ]
    after = caplog.messages[caplog.messages.index(line) + 1 :]
    assert [row.split()[0] for row in after[:4]] == ["connection", "a", "b", "c"]


REMEDY = "use reconcile_days, or FULL_TABLE for this stream."


def test_deviations_from_the_schema_are_logged_without_values(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    drift = {f"/lines/*/new{n}": Drift("unknown", n + 1, f"/lines/{n}/new{n}") for n in range(12)}
    outcome = Outcome(latest=LATEST, undated=3)
    never_seen = ["name", "site"]
    run.add("assets", StubConnection(ACME), filter_key=KEY, drift=drift, outcome=outcome, never_seen=never_seen)
    run.add("sites", StubConnection(ACME), pages=[0], never_seen=never_seen)
    with caplog.at_level(logging.INFO, "tap_makini"):
        sync = run.go()

    logged = [message for message in caplog.messages if message.startswith("Stream ")]
    assert logged[:3] == [
        (
            "Stream acme/assets: updatedAt is not readable in some records (3), "
            f"and incremental reads do not see them change: {REMEDY}"
        ),
        "Stream acme/assets: values that fit no column are in _makini_extra: "
        + ", ".join(f"/lines/{n}/new{n} (unknown, {n + 1} in all)" for n in range(10))
        + " and 2 more.",
        "Stream acme/assets: no record has name, site.",
    ]
    assert len(logged) == 3
    assert [result.drifts for result in sync.summary.results] == [12, 0]


def test_the_sdks_metrics_name_stream_and_connection(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    run.add("assets", StubConnection(ACME), pages=[2, 3])
    with caplog.at_level(logging.INFO):
        run.go()

    points = [json.loads(message[8:]) for message in caplog.messages if message.startswith("METRIC: ")]
    assert {point["metric"] for point in points} == {"record_count", "sync_duration"}
    assert {point["value"] for point in points if point["metric"] == "record_count"} == {5}
    assert [(point["tags"]["stream"], point["tags"]["context"]["connection"]) for point in points] == [
        ("assets", "acme"),
        ("assets", "acme"),
    ]


def test_the_summary_is_up_to_date_while_a_run_goes_on(run: Run) -> None:
    only = StubConnection(ONLY)
    run.add("assets", only, pages=[2, 2], outcome=Outcome(expected=4))
    run.add("sites", only)
    sync = Sync(cast("list[ListSync]", run.list_syncs), 1, run.state, run.writer, "all")
    seen = []
    write = run.writer.write_lines

    def look(lines: Any) -> None:  # noqa: ANN401 - passed on
        seen.append([(result.status, result.records, result.expected) for result in sync.summary.results])
        write(lines)

    with suppress(StreamsFailedError), pytest.MonkeyPatch.context() as patch:
        patch.setattr(run.writer, "write_lines", look)
        sync.run()

    waiting = (Status.WAITING, 0, None)
    assert [(Status.RUNNING, 0, 4), waiting] in seen
    assert [(Status.RUNNING, 2, 4), waiting] in seen


# --- what is known of a connection -----------------------------------------------------------------

SETTLED = Integration("c-1", "Acme Ltd.", "maximo", "fulldone", LATEST)


def test_the_state_keeps_the_sync_time_of_a_connection_that_was_read_in_full(run: Run) -> None:
    acme = StubConnection(ACME, SETTLED)
    run.add("assets", acme)
    run.add("sites", acme, pages=[], error=ABSENT)
    run.go()

    assert State(run.of("STATE")[-1]["value"]).is_unsynced(ACME, LATEST, "all")
    assert not run.state.is_unsynced(ACME, LATEST + timedelta(seconds=1), "all")
    assert not run.state.is_unsynced(ACME, LATEST, "other streams")
    assert not run.state.is_unsynced(ZETA, LATEST, "all")


@pytest.mark.parametrize(
    ("integration", "options"),
    [
        (SETTLED, {"pages": [1], "error": BROKEN}),
        (SETTLED, {"pages": [], "error": REFUSED}),
        (SETTLED, {"outcome": Outcome(latest=LATEST, is_all_incomplete=True)}),
        (SETTLED, {"outcome": Outcome(latest=LATEST, incomplete_from=LATEST)}),
        (SETTLED._replace(sync_status="inprogress"), {}),
        (SETTLED._replace(sync_status="error"), {}),
        (SETTLED._replace(synced_at=None), {}),
    ],
    ids=["broken", "refused", "unsettled", "partly unsettled", "in progress", "stopped", "undated"],
)
def test_the_state_does_not_keep_the_sync_time_of_a_connection_that_may_be_incomplete(
    run: Run, integration: Integration, options: dict[str, Any]
) -> None:
    acme = StubConnection(ACME, integration)
    run.add("assets", acme)
    run.add("sites", acme, **options)
    run.add("teams", acme)
    run.go()

    assert not run.state.is_unsynced(ACME, LATEST, "all")


def test_a_name_keeps_its_bookmarks_as_long_as_it_belongs_to_the_same_connection(run: Run) -> None:
    run.add("assets", StubConnection(ACME, SETTLED), filter_key=KEY)
    run.go()
    state = State(run.of("STATE")[-1]["value"])

    assert state.bookmark("assets", KEY, ACME, "c-1").value == LATEST
    assert state.bookmark("assets", KEY, ACME, "c-2").value is None
    assert state.bookmark("assets", KEY, "renamed", "c-1").value is None
