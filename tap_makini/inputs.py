"""What the command line hands over: settings from the environment, a state, a catalog.

The Singer SDK meets a fault in any of them with a traceback, which holds the value, secret or not.
"""

from __future__ import annotations

import io
import json
import logging
import os
from typing import IO, TYPE_CHECKING, Any

from singer_sdk.configuration._dict_config import TRUTHY, parse_environment_config

from tap_makini.catalog_form import faults

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

_BOOLEAN_WORDS = {*TRUTHY, "false", "0", "no", "off"}


class InputError(Exception):
    """A file on the command line cannot be used.

    Each argument is one line for one fault: which file, what is wrong, what to do.
    """


def settings_from_environment(schema: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Read settings from environment variables.

    Args:
        schema: The JSON schema of all settings.
        prefix: What the variables' names begin with.

    Returns:
        The settings; a value of the wrong type stays text, for the schema's validator to name with all other faults.
    """
    settings: dict[str, Any] = {}
    _warn_of_unknown_variables({f"{prefix}{name.upper()}" for name in schema["properties"]}, prefix)
    for name, declared in schema["properties"].items():
        text = os.environ.get(f"{prefix}{name.upper()}", "")
        if text and not text.startswith("[") and {"string", "array"} <= {*declared["type"]}:
            settings[name] = text  # the SDK would cut it at commas
            continue
        try:
            settings |= parse_environment_config({"properties": {name: declared}}, prefix)
        except ValueError:
            settings[name] = text
        if isinstance(settings.get(name), bool) and text.lower() not in _BOOLEAN_WORDS:
            settings[name] = text
    return settings


def _warn_of_unknown_variables(known: set[str], prefix: str) -> None:
    """Tell of a variable that looks like a setting; Meltano's own begin with a second underscore."""
    own = {f"{prefix}LOGLEVEL"}
    for name in sorted(os.environ):
        if name.startswith(prefix) and not name.startswith(f"{prefix}_") and name not in known | own:
            logger.warning("The variable %s is no setting of this tap.", name)


def checked_state(file: IO[str]) -> IO[str]:
    """Check that a state is a JSON object.

    Args:
        file: The state.

    Returns:
        The same once more from its beginning, since what is handed over may be a pipe.

    Raises:
        InputError: It is none.
    """
    text, _ = _read_object(file, "state")
    return io.StringIO(text)


def checked_catalog(file: IO[str]) -> IO[str]:
    """Check that a catalog has the form of a Singer catalog.

    Args:
        file: The catalog.

    Returns:
        The same once more from its beginning.

    Raises:
        InputError: It has not; one line for each stream at fault.
    """
    text, document = _read_object(file, "catalog")
    if found := faults(document):
        raise InputError(*found)
    return io.StringIO(text)


def _read_object(file: IO[str], what: str) -> tuple[str, dict[str, Any]]:
    try:
        text = file.read()
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The {what} is not JSON{_place(error)}.") from error
    if not isinstance(document, dict):
        raise InputError(f"The {what} must be a JSON object, with braces around it.")
    return text, document


def _place(error: Exception) -> str:
    return f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
