"""A double of the Makini API: coherent data for every entity, and a setting for each behavior that is unknown."""

from __future__ import annotations

from makini_sandbox.behaviour import Behaviour
from makini_sandbox.clock import ManualClock
from makini_sandbox.faults import Fault
from makini_sandbox.sandbox import Sandbox
from makini_sandbox.state import RecordedRequest
from makini_sandbox.store import Store
from makini_sandbox.tokens import Connection

__all__ = [
    "Behaviour",
    "Connection",
    "Fault",
    "ManualClock",
    "RecordedRequest",
    "Sandbox",
    "Store",
]
