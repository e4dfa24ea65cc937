"""What is private or final in the Singer SDK is touched in one module only."""

from __future__ import annotations

import inspect
import pkgutil
import re
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

import tap_makini
from tap_makini import sdk_compat, tap

if TYPE_CHECKING:
    from types import ModuleType

MODULES = [
    import_module(found.name)
    for found in pkgutil.walk_packages(tap_makini.__path__, f"{tap_makini.__name__}.")
    if found.name not in {sdk_compat.__name__, "tap_makini.__main__"}
]
PRIVATE_IMPORT = re.compile(r"(from|import) singer_sdk[\w.]*\._|from singer_sdk[\w.]* import .*\b_\w")
PRIVATE_NAME = re.compile(r"(?:def |self\.|cls\.|^    )(_[a-z]\w*)", re.MULTILINE)
PRIVATE_NAME_OF_ANOTHER = re.compile(r"(?<!\bself)(?<!\bcls)\.(_[a-z]\w*)")


def subclasses() -> list[type]:
    """Return the classes of all modules that extend one of the SDK's."""
    classes = {
        cls
        for module in MODULES
        for cls in vars(module).values()
        if inspect.isclass(cls) and cls.__module__ == module.__name__ and sdk_bases(cls)
    }
    return sorted(classes, key=lambda cls: cls.__qualname__)


def sdk_bases(cls: type) -> list[type]:
    return [base for base in cls.__mro__ if base.__module__.startswith("singer_sdk")]


def private_names(cls: type) -> set[str]:
    """Return the names in a class that are private by their underscore."""
    return set(PRIVATE_NAME.findall(inspect.getsource(cls)))


PRIVATE_NAMES_OF_THE_SDK = {name for cls in subclasses() for base in sdk_bases(cls) for name in private_names(base)}


def final_names(cls: type) -> set[str]:
    members = (
        (name, getattr(member, "fget", member)) for base in sdk_bases(cls) for name, member in vars(base).items()
    )
    return {name for name, member in members if getattr(member, "__final__", False)}


def test_classes_and_names_are_found() -> None:
    assert {"TapMakini", "CommandLine", "Command", "MakiniStream", "ListStream", "LineWriter"} <= {
        cls.__name__ for cls in subclasses()
    }
    assert {"sync_all", "write_schemas", "run_connection_test"} <= final_names(tap.TapMakini)
    assert {"_config", "_env_var_prefix", "_validate_config", "_write_schema_message"} <= PRIVATE_NAMES_OF_THE_SDK


@pytest.mark.parametrize("cls", subclasses())
def test_no_class_touches_what_is_private_or_final(cls: type) -> None:
    assert not private_names(cls) & set[str]().union(*map(private_names, sdk_bases(cls)))
    assert not vars(cls).keys() & final_names(cls)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_no_module_imports_or_reads_what_is_private(module: ModuleType) -> None:
    source = inspect.getsource(module)
    assert not PRIVATE_IMPORT.search(source)
    assert not PRIVATE_NAMES_OF_THE_SDK.intersection(PRIVATE_NAME_OF_ANOTHER.findall(source))
