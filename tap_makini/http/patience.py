"""How long to wait for a server that is in trouble.

Each stream may wait out the whole of `max_wait_seconds`. Were a connection's server in trouble for hours, its sixty
streams would hold a run for as many times that long; so once it has been waited for in vain, the next ones are brief.
"""

from __future__ import annotations

_IN_A_ROW = 2  # one stream alone may be in trouble
_BRIEF = 30.0


class Patience:
    """The patience with one connection's server.

    Args:
        seconds: How long a request and all its repetitions may take.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._in_vain = 0

    @property
    def seconds(self) -> float:
        """How long the next request may take."""
        return self._seconds if self._in_vain < _IN_A_ROW else min(self._seconds, _BRIEF)

    def note(self, *, is_answered: bool) -> None:
        """Take in what came of a request."""
        self._in_vain = 0 if is_answered else self._in_vain + 1
