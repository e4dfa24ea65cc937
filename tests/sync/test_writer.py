from __future__ import annotations

import errno
import io
import json
import os
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.singerlib.messages import RecordMessage

from tap_makini.sync.writer import LineWriter, OutputError, ReaderGoneError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    TakeBytes = Callable[[int, bytes], int]


class StopError(BaseException):
    """What a signal handler leaves behind."""


class Pipe:
    """A descriptor that takes a limited number of bytes at once, and on the way stops the writer.

    Args:
        amounts: How many bytes it takes at once, at most; the last one again and again.
        stop_at: With how many bytes taken the signal comes.
    """

    def __init__(self, amounts: Sequence[int] = (1 << 16,), stop_at: int | None = None) -> None:
        self.taken = b""
        self._amounts = list(amounts)
        self._stop_at = stop_at
        self.writer = LineWriter(-1)

    def write(self, descriptor: int, data: bytes) -> int:
        assert descriptor == -1
        assert self.writer.is_writing
        amount = self._amounts.pop(0) if len(self._amounts) > 1 else self._amounts[0]
        self.taken += bytes(data[:amount])
        if self._stop_at is not None and len(self.taken) >= self._stop_at:
            self._stop_at = None
            self.writer.stop(StopError())
        return min(amount, len(data))


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[Pipe], LineWriter]:
    def use_pipe(pipe: Pipe) -> LineWriter:
        monkeypatch.setattr("tap_makini.sync.writer.os.write", pipe.write)
        return pipe.writer

    return use_pipe


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def record(name: str) -> RecordMessage:
    return RecordMessage(stream="assets", record={"name": name})


lines = st.lists(st.binary(max_size=30).map(lambda text: text.replace(b"\n", b"") + b"\n"), max_size=8)


# --- whole lines -----------------------------------------------------------------------------------


def test_messages_are_lines_of_json(pipe: tuple[int, int]) -> None:
    reader, descriptor = pipe
    writer = LineWriter(descriptor)
    writer.write_message(record("line\nbreak \u2028 ü"))
    writer.write_lines([b'{"type":"RECORD"}\n', b"{}\n"])
    written = os.read(reader, 1 << 16)

    assert [json.loads(line) for line in written.splitlines()] == [
        {"type": "RECORD", "stream": "assets", "record": {"name": "line\nbreak \u2028 ü"}},
        {"type": "RECORD"},
        {},
    ]
    assert written.endswith(b"\n")


@given(lines, st.lists(st.integers(1, 9), min_size=1))
def test_everything_is_written_however_little_is_taken_at_once(given_lines: list[bytes], amounts: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        pipe = Pipe(amounts)
        patch.setattr("tap_makini.sync.writer.os.write", pipe.write)
        pipe.writer.write_lines(given_lines)

    assert pipe.taken == b"".join(given_lines)
    assert not pipe.writer.is_writing


# --- stopping -------------------------------------------------------------------------------------


@given(lines.filter(bool), st.lists(st.integers(1, 9), min_size=1), st.data())
def test_a_stop_comes_at_the_end_of_the_line_that_is_being_written(
    given_lines: list[bytes], amounts: list[int], data: st.DataObject
) -> None:
    whole = b"".join(given_lines)
    pipe = Pipe(amounts, stop_at=data.draw(st.integers(1, len(whole))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tap_makini.sync.writer.os.write", pipe.write)
        with pytest.raises(StopError):
            pipe.writer.write_lines(given_lines)
        after_stop = pipe.taken
        pipe.writer.write_lines([b"next\n"])

    assert whole.startswith(after_stop)
    assert after_stop.endswith(b"\n")
    assert pipe.taken == after_stop + b"next\n"
    assert not pipe.writer.is_writing


def test_in_the_middle_of_a_large_chunk_the_line_is_finished_and_no_other_begun(
    use: Callable[[Pipe], LineWriter],
) -> None:
    long, short = b"x" * 30_000 + b"\n", b"y" * 10 + b"\n"
    pipe = Pipe([20_000, 100, 5_000], stop_at=8_000)

    with pytest.raises(StopError):
        use(pipe).write_lines([long, *[short] * 5_000])
    assert pipe.taken == long


def test_a_stop_before_anything_is_written_writes_nothing(use: Callable[[Pipe], LineWriter]) -> None:
    pipe = Pipe()
    writer = use(pipe)
    writer.stop(StopError())

    with pytest.raises(StopError):
        writer.write_lines([b"a\n"])
    assert pipe.taken == b""
    assert writer.stop_with is None


# --- STATE -----------------------------------------------------------------------------------------


def test_an_equal_state_is_written_again_only_after_another_message(
    use: Callable[[Pipe], LineWriter],
) -> None:
    pipe = Pipe()
    writer = use(pipe)
    state: dict[str, Any] = {"bookmarks": {}}
    writer.write_state(state)
    writer.write_state(state)
    state["bookmarks"]["assets"] = {"replication_key": "updatedAt"}
    writer.write_state(state)
    writer.write_message(record("a"))
    writer.write_state(state)
    writer.write_state(state, force=True)

    assert [json.loads(line).get("value") for line in pipe.taken.splitlines()] == [
        {"bookmarks": {}},
        state,
        None,
        state,
        state,
    ]


def test_a_large_state_that_may_wait_waits_until_the_records_outweigh_it(use: Callable[[Pipe], LineWriter]) -> None:
    pipe = Pipe()
    writer = use(pipe)
    state: dict[str, Any] = {"bookmarks": {"x" * 100_000: {}}}
    writer.write_state(state, may_wait=True)
    state["more"] = 1
    before = len(pipe.taken)
    writer.write_state(state, may_wait=True)
    assert len(pipe.taken) == before

    writer.write_lines([b"x" * 2 * before + b"\n"])
    writer.write_state(state, may_wait=True)
    assert json.loads(pipe.taken.splitlines()[-1])["value"] == state


def test_a_state_that_was_not_written_is_written_the_next_time(use: Callable[[Pipe], LineWriter]) -> None:
    pipe = Pipe()
    writer = use(pipe)
    writer.stop(StopError())

    with pytest.raises(StopError):
        writer.write_state({"bookmarks": {}})
    writer.write_state({"bookmarks": {}})
    assert json.loads(pipe.taken) == {"type": "STATE", "value": {"bookmarks": {}}}


def test_a_state_with_half_a_surrogate_in_a_name_is_written_as_it_is(use: Callable[[Pipe], LineWriter]) -> None:
    pipe = Pipe()
    state = {"bookmarks": {"acme \ud800": {"é": "\x1b"}}}
    use(pipe).write_state(state)

    assert pipe.taken.endswith(b"}}}}\n")
    assert json.loads(pipe.taken)["value"] == state


def test_an_empty_state_is_not_written(use: Callable[[Pipe], LineWriter]) -> None:
    pipe = Pipe()
    use(pipe).write_state({})
    assert pipe.taken == b""


# --- within another program ---


class Recorder(io.StringIO):
    """A stream without a file descriptor; on the way it asks the writer to stop."""

    def __init__(self, writer: LineWriter) -> None:
        super().__init__()
        self._writer = writer

    def write(self, text: str) -> int:
        self._writer.stop(StopError())
        return super().write(text)


def test_messages_go_to_what_has_replaced_standard_output(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    writer = LineWriter()
    writer.write_message(record("ü"))
    assert json.loads(capsys.readouterr().out)["record"] == {"name": "ü"}

    with redirect_stdout(io.StringIO()) as text:
        writer.write_message(record("ü"))
    assert json.loads(text.getvalue())["record"] == {"name": "ü"}

    with (tmp_path / "output").open("w", encoding="latin-1") as file, redirect_stdout(file):
        file.write("before\n")
        writer.write_message(record("ü"))
    before, message = (tmp_path / "output").read_bytes().splitlines()
    assert before == b"before"
    assert json.loads(message)["record"] == {"name": "ü"}


def test_a_stop_comes_at_the_end_of_lines_in_a_replacement_too() -> None:
    writer = LineWriter()
    stream = Recorder(writer)
    with redirect_stdout(stream):
        with pytest.raises(StopError):
            writer.write_lines([b"a\n", b"b\n"])
        writer.stop(StopError())
        with pytest.raises(StopError):
            writer.write_lines([b"c\n"])
    assert stream.getvalue() == "a\nb\n"


class Gone(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError(errno.EPIPE, f"nobody reads {text!r}")


def test_a_replacement_without_a_reader_raises_an_error() -> None:
    with redirect_stdout(Gone()), pytest.raises(ReaderGoneError, match="nobody reads"):
        LineWriter().write_lines([b"a\n"])


# --- nobody reads ----------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_raises_an_error() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        writer = LineWriter(full.fileno())
        with pytest.raises(OutputError, match="No space left on device"):
            writer.write_lines([b"a\n"])
    assert not writer.is_writing


def test_a_closed_descriptor_raises_an_error(pipe: tuple[int, int]) -> None:
    reader, _ = pipe
    with pytest.raises(OutputError, match="Bad file descriptor"):
        LineWriter(reader).write_lines([b"a\n"])


def test_a_pipe_without_a_reader_raises_an_error() -> None:
    reader, descriptor = os.pipe()
    os.close(reader)
    writer = LineWriter(descriptor)
    try:
        with pytest.raises(ReaderGoneError, match="Broken pipe"):
            writer.write_lines([b"a\n"])
    finally:
        os.close(descriptor)
    assert not writer.is_writing


def test_a_full_pipe_is_enlarged_for_the_rest_of_a_line(pipe: tuple[int, int]) -> None:
    reader, descriptor = pipe
    os.set_blocking(descriptor, False)
    with suppress(BlockingIOError):
        while True:
            os.write(descriptor, b"x" * 4_096)
    writer = LineWriter(descriptor)
    writer.make_room()
    try:
        writer.write_lines([b"a\n"])
    except OutputError:
        pytest.skip("this system does not grant a larger pipe")
    os.set_blocking(reader, False)
    received = b""
    while not received.endswith(b"a\n"):
        received += os.read(reader, 1 << 20)
    assert received.strip(b"x") == b"a\n"


def test_a_file_needs_no_room(tmp_path: Path) -> None:
    with (tmp_path / "output").open("wb") as file:
        writer = LineWriter(file.fileno())
        writer.make_room()
        writer.write_lines([b"a\n"])

    assert (tmp_path / "output").read_bytes() == b"a\n"
