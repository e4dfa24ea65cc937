"""The targets that write files."""

from __future__ import annotations

import ast
import csv
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from targets.expected import Row, Schema, holds, read_json
from targets.loader import Loader, as_double, is_nested
from targets.programs import Program

if TYPE_CHECKING:
    from collections.abc import Iterable


class JSONLines(Loader):
    """Records as they came, one file a stream; nothing is lost."""

    program = Program("targets/target-jsonl", "target-jsonl")
    upserts = False

    @property
    def config(self) -> dict[str, Any]:
        """The target's settings."""
        return {"destination_path": str(self.folder), "do_timestamp_file": False}

    def raw_rows(self, stream: str) -> Iterable[Row]:
        """Read a file."""
        return map(read_json, (self.folder / f"{stream}.jsonl").read_bytes().splitlines())


class TargetCore(JSONLines):
    """Records as they came, one file a stream, but amounts with a fraction as doubles."""

    program = Program("targets/target-core", "target-core")

    @property
    def config(self) -> dict[str, Any]:
        """The target's settings."""
        return {"work_dir": str(self.folder), "path_template": "{stream}.jsonl"}

    def kept(self, value: Any, schema: Schema) -> Any:  # noqa: ANN401 - any JSON
        """Lose the digits of fractions."""
        is_whole = isinstance(value, Decimal) and value == value.to_integral_value()
        return value if is_whole else as_double(value, schema)


class MeltanoCSV(Loader):
    """One file a stream, nested values as Python writes them; null and an empty text look the same."""

    program = Program("targets/meltanolabs-target-csv", "target-csv")
    upserts = False

    @property
    def config(self) -> dict[str, Any]:
        """The target's settings."""
        return {"output_path": str(self.folder)}

    def raw_rows(self, stream: str) -> Iterable[Row]:
        """Read a file."""
        csv.field_size_limit(1 << 24)
        with (self.folder / f"{stream}.csv").open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def value(self, stored: Any, schema: Schema) -> Any:  # noqa: ANN401 - any JSON
        """Read what is no text as Python wrote it."""
        if stored == "":
            return None
        if is_nested(schema) or holds(schema, "boolean"):
            return read_python(stored)
        return Decimal(stored) if holds(schema, "number") or holds(schema, "integer") else stored

    def kept(self, value: Any, schema: Schema) -> Any:  # noqa: ANN401, ARG002 - any JSON
        """Lose the difference between an empty text and null."""
        return None if value == "" else value


def read_python(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Read what `repr` made of JSON with decimals, without running it."""
    return ast.literal_eval(_Decimals().visit(ast.parse(text, mode="eval")))


class _Decimals(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.Constant:
        digits: Any = node.args[0]
        return ast.Constant(Decimal(digits.value))  # type: ignore[arg-type] # literal_eval hands it on as it is
