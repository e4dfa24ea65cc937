"""A double of the Makini API: 61 entities of coherent data, and a knob for each unknown."""

from __future__ import annotations

from makini_sandbox.behaviour import Behaviour
from makini_sandbox.clock import ManualClock
from makini_sandbox.faults import Fault
from makini_sandbox.recorded import RecordedRequest
from makini_sandbox.sandbox import Connection, Sandbox
from makini_sandbox.store import Store

__all__ = [
    "Behaviour",
    "Connection",
    "Fault",
    "ManualClock",
    "RecordedRequest",
    "Sandbox",
    "Store",
]
