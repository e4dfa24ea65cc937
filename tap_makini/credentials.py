"""Which ways there are to say whose data to read, and whether a configuration takes one of them whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NEEDS = {
    "client_id": ("client_secret",),
    "client_secret": ("client_id",),
    "refresh_token": ("client_id", "client_secret", "token_file"),
    "token_file": ("client_id", "client_secret"),
}
SECRETS = ("api_token", "client_secret", "refresh_token")
_WAYS = ("api_token", "connections", "client_id")


def credential_faults(config: Mapping[str, Any], *, is_complete: bool) -> Iterator[str]:
    """Say what is missing, or too much, in the settings that say whose data to read.

    Args:
        config: The configuration.
        is_complete: Whether one of the ways must be taken.

    Yields:
        A sentence for each fault.
    """
    present = {name for name, value in config.items() if value not in (None, [])}
    for name, needed in _NEEDS.items():
        if name in present:
            yield from (f"The setting {other} is missing: {name} needs it." for other in needed if other not in present)
    ways = [name for name in _WAYS if name in present]
    if len(ways) > 1:
        yield f"The settings {' and '.join(ways)} are both set: give one of them."
    if is_complete and not ways and not present & _NEEDS.keys():
        yield "The setting api_token is missing: it, connections, or client_id and client_secret must be set."
    yield from _repeated_names(config.get("connections"))


def _repeated_names(entries: object) -> Iterator[str]:
    names = [entry.get("name") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    if len(set(map(str, names))) < len(names):
        yield "The setting connections is not valid: each name in it must be another one."
    if "" in names:
        yield "The setting connections is not valid: a name in it is empty."


def secrets(config: Mapping[str, Any]) -> Iterator[object]:
    """Give what must not be seen by anybody, wherever it is in a configuration."""
    yield from (config.get(name) for name in SECRETS)
    entries = config.get("connections")
    for entry in entries if isinstance(entries, list) else []:
        yield entry.get("api_token") if isinstance(entry, dict) else entry
