"""What it costs to read a stream: requests, repetitions and waits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class RequestStats:
    """What a stream has cost.

    Attributes:
        requests: How many requests were sent.
        repeats: How many of them were repetitions.
        waited: Seconds waited before repetitions.
    """

    requests: int = 0
    repeats: int = 0
    waited: float = 0.0

    def add(self, other: RequestStats) -> None:
        """Count what something else has cost as well."""
        self.requests += other.requests
        self.repeats += other.repeats
        self.waited += other.waited
