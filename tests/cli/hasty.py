"""The tap as a program that gives its reader little time once it is asked to stop."""

from __future__ import annotations

from unittest import mock

from tap_makini.sync import interruption
from tap_makini.tap import TapMakini

GRACE_SECONDS = 0.2

if __name__ == "__main__":
    with mock.patch.object(interruption, "_GRACE_SECONDS", GRACE_SECONDS):
        TapMakini.cli()
