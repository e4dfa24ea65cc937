"""Fail if a wheel lacks a data file, or contains the sandbox: `check_wheel.py WHEEL`."""

from __future__ import annotations

import sys
from pathlib import Path
from zipfile import ZipFile

PACKAGE = Path(__file__).parent.parent / "tap_makini"


def faults(wheel: ZipFile) -> list[str]:
    """Return what the wheel lacks, and what should not be in it."""
    present = {name for name in wheel.namelist() if ".dist-info/" not in name}
    wanted = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    return [f"missing: {name}" for name in sorted(wanted - present)] + [
        f"unexpected: {name}" for name in sorted(present - wanted)
    ]


def main() -> None:
    """Exit with 1 and the faults, if there are any."""
    with ZipFile(sys.argv[1]) as wheel:
        found = faults(wheel)
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
