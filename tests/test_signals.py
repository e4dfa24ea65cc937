from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest

from tap_makini.signals import STOPPING_SIGNALS, after_deferral, deferred_signals, is_deferring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONG = 10.0
EACH_SIGNAL = pytest.mark.parametrize("number", STOPPING_SIGNALS)


class StopError(Exception):
    """What a handler raises."""


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in STOPPING_SIGNALS}
    for number in before:
        signal.signal(number, stop)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def stop(number: int, _: object) -> None:
    raise StopError(number)


def in_a_thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@EACH_SIGNAL
def test_a_signal_is_handled_when_the_work_is_done(number: int) -> None:
    done = []
    with pytest.raises(StopError), deferred_signals(LONG):  # noqa: PT012 - what follows the signal counts
        signal.raise_signal(number)
        done.append("all")
    assert done == ["all"]
    assert not is_deferring()
    with pytest.raises(StopError):
        signal.raise_signal(number)


@EACH_SIGNAL
def test_a_signal_is_handled_when_the_work_fails(number: int) -> None:
    with pytest.raises(StopError) as caught, deferred_signals(LONG):  # noqa: PT012 - both count
        signal.raise_signal(number)
        raise OSError
    assert isinstance(caught.value.__context__, OSError)


@EACH_SIGNAL
def test_an_ignored_signal_stays_ignored(number: int) -> None:
    signal.signal(number, signal.SIG_IGN)
    with deferred_signals(LONG):
        signal.raise_signal(number)
    assert signal.getsignal(number) is signal.SIG_IGN


def test_another_thread_leaves_the_handlers_alone() -> None:
    seen = []

    def work() -> None:
        with deferred_signals(LONG):
            seen.append([signal.getsignal(number) for number in STOPPING_SIGNALS])

    in_a_thread(work).join(LONG)
    assert seen == [[stop, stop]]


def begin_work(order: list[str], seconds: float = LONG) -> tuple[threading.Thread, threading.Event]:
    """Begin work in another thread that defers signals for so long, and add it to the order once it may end."""
    begun, may_end = threading.Event(), threading.Event()

    def work() -> None:
        with deferred_signals(seconds):
            begun.set()
            may_end.wait(LONG)
            order.append("work")

    thread = in_a_thread(work)
    assert begun.wait(LONG)
    return thread, may_end


def test_the_end_of_the_process_waits_for_the_work_of_another_thread() -> None:
    order: list[str] = []

    def end() -> None:
        with after_deferral():
            order.append("end")

    working, may_end = begin_work(order)
    assert is_deferring()
    ending = in_a_thread(end)
    ending.join(0.05)
    assert ending.is_alive()
    may_end.set()
    for thread in (working, ending):
        thread.join(LONG)
    assert order == ["work", "end"]


def test_no_work_begins_at_the_end_of_the_process() -> None:
    begun = threading.Event()

    def work() -> None:
        with deferred_signals(LONG):
            begun.set()

    with after_deferral():
        working = in_a_thread(work)
        assert not begun.wait(0.05)
    working.join(LONG)
    assert begun.is_set()


def test_the_end_of_the_process_waits_no_longer_than_the_work_may_take() -> None:
    working, may_end = begin_work([], seconds=0.05)
    with after_deferral():
        assert not is_deferring()
        assert working.is_alive()
    may_end.set()
    working.join(LONG)


def test_a_signal_does_not_shorten_the_wait_for_the_end_of_the_process() -> None:
    order: list[str] = []

    def send() -> None:
        signal.pthread_kill(main_thread, signal.SIGTERM)
        may_end.set()

    main_thread = threading.get_ident()
    _, may_end = begin_work(order)
    threading.Timer(0.05, send).start()
    with pytest.raises(StopError), after_deferral():
        order.append("end")
    assert order == ["work", "end"]
