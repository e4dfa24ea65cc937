"""Settings and fixtures that hold for all tests."""

import os

import pytest
from hypothesis import settings

from tap_makini import redaction
from tap_makini.masking import Masker

# a busy machine is not a failure; what CI tries is the same each time, so that a change is judged by itself
settings.register_profile("project", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("project")


@pytest.fixture(autouse=True)
def _no_secrets_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test mask the secrets of another one."""
    monkeypatch.setattr(redaction, "_masker", Masker())
