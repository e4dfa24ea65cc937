"""Packages import what is below them only, imports for type checking included; pyproject.toml has the order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

if TYPE_CHECKING:
    import pytest

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def test_imports_point_down(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(PYPROJECT.parent)
    monkeypatch.setattr("logging.config.dictConfig", lambda _: None)  # it would disable the loggers of later tests
    assert lint_imports(config_filename=str(PYPROJECT), no_cache=True) == EXIT_STATUS_SUCCESS, capsys.readouterr().out
