"""What is private or final in the Singer SDK is touched in one module only."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import tap_makini
from tap_makini import cli, sdk_compat, streams, tap

MODULES = sorted(set(Path(tap_makini.__file__).parent.rglob("*.py")) - {Path(sdk_compat.__file__)})
PRIVATE_IMPORT = re.compile(r"(from|import) singer_sdk[\w.]*\._|from singer_sdk[\w.]* import .*\b_\w")
PRIVATE_NAME = re.compile(r"(?:def |self\.|cls\.)(_[a-z]\w*)")


def subclasses() -> list[type]:
    """Return the classes of the tap that extend one of the SDK's."""
    found = {
        base
        for module in (tap, cli, streams)
        for named in vars(module).values()
        if inspect.isclass(named)
        for base in named.__mro__
        if base.__module__.startswith("tap_makini") and sdk_bases(base)
    }
    return sorted(
        (each for each in found if each.__module__ != sdk_compat.__name__), key=lambda each: each.__qualname__
    )


def sdk_bases(cls: type) -> list[type]:
    return [base for base in cls.__mro__ if base.__module__.startswith("singer_sdk")]


def final_names(cls: type) -> set[str]:
    members = (
        (name, getattr(member, "fget", member)) for base in sdk_bases(cls) for name, member in vars(base).items()
    )
    return {name for name, member in members if getattr(member, "__final__", False)}


def test_classes_and_names_are_found() -> None:
    assert {"TapMakini", "CommandLine", "Command", "MakiniStream", "ListStream"} <= {c.__name__ for c in subclasses()}
    assert {"sync_all", "write_schemas", "run_connection_test"} <= final_names(tap.TapMakini)


@pytest.mark.parametrize("cls", subclasses())
def test_no_class_touches_what_is_private_or_final(cls: type) -> None:
    """Ruff's SLF001 sees to objects other than `self`."""
    private = {name for base in sdk_bases(cls) for name in PRIVATE_NAME.findall(inspect.getsource(base))}
    touched = set(PRIVATE_NAME.findall(inspect.getsource(cls)))
    assert not touched & private
    assert not vars(cls).keys() & final_names(cls)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_module_imports_what_is_private(path: Path) -> None:
    assert not PRIVATE_IMPORT.search(path.read_text(encoding="utf-8"))
