"""The tap as a program whose main thread does not hear the signal that asks it to stop, since another one is sent it.

So it is, now and then, where a signal arrives just before the main thread begins to wait.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from itertools import count
from typing import TYPE_CHECKING
from unittest import mock

from tap_makini.http.transport import Request, Transport
from tap_makini.tap import TapMakini

if TYPE_CHECKING:
    from tap_makini.http.response import Response

exchange = Transport.exchange
requests_for_accounts = count(1)


def exchange_or_stop(self: Transport, request: Request, token: str | None = None) -> Response:
    """Ask, but at the fifth request for accounts receive the signal to stop, and wait without end."""
    if request.path.endswith("/accounts") and next(requests_for_accounts) == 5:
        while not waits_for_events():
            time.sleep(0.01)
        signal.raise_signal(SIGNAL)
        threading.Event().wait()
    return exchange(self, request, token)


def waits_for_events() -> bool:
    """Say whether the main thread has nothing to write."""
    frame = sys._current_frames()[main_thread]  # noqa: SLF001 - there is no other way
    return frame.f_code.co_name == "wait" and frame.f_back is not None and frame.f_back.f_code.co_name == "get"


if __name__ == "__main__":
    main_thread = threading.get_ident()
    SIGNAL = int(sys.argv.pop(1))
    with mock.patch.object(Transport, "exchange", exchange_or_stop):
        TapMakini.cli()
