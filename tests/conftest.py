"""Settings that hold for all tests."""

import os

from hypothesis import settings

# a busy machine is not a failure; what CI tries is the same each time, so that a change is judged by itself
settings.register_profile("project", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("project")
