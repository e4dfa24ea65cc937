"""The targets that load into a database."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targets.expected import Row, Schema, holds, is_date_time, read_json
from targets.loader import Loader, as_double, is_nested
from targets.postgres import SUPERUSER
from targets.programs import Program

if TYPE_CHECKING:
    from collections.abc import Iterable

    from targets.postgres import Postgres


class PostgresLoader(Loader):
    """A target that loads into a database of the suite's server."""

    def __init__(self, folder: Path, server: Postgres) -> None:
        super().__init__(folder)
        self.server = server
        self.database = folder.name
        server.make_database(self.database)

    def raw_rows(self, stream: str) -> Iterable[Row]:
        """Read a table as JSON of the server's making."""
        return self.server.rows(self.database, f'makini."{stream}"')

    @property
    def _address(self) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.server.port,
            "user": SUPERUSER,
            "password": "any",
            "default_target_schema": "makini",
        }


class MeltanoPostgres(PostgresLoader):
    """The best fidelity of all: numeric, timestamp in UTC, jsonb."""

    program = Program("targets/meltanolabs-target-postgres", "target-postgres")

    @property
    def config(self) -> dict[str, Any]:
        """The target's settings."""
        return {**self._address, "database": self.database}


_ESCAPED = str.maketrans({"\n": r"\n", "\r": r"\r", "\t": r"\t"})


class PipelinewisePostgres(PostgresLoader):
    """Lower-case columns; control characters become escapes, an empty text null, amounts doubles."""

    program = Program("targets/pipelinewise-target-postgres", "target-postgres")

    @property
    def config(self) -> dict[str, Any]:
        """The target's settings."""
        return {**self._address, "dbname": self.database}

    def column(self, name: str) -> str:
        """Give the name in lower case."""
        return name.lower()

    def kept(self, value: Any, schema: Schema) -> Any:  # noqa: ANN401 - any JSON
        """Lose the digits of amounts, control characters and empty texts."""
        if isinstance(value, str):
            return value.translate(_ESCAPED) or None
        return as_double(value, schema)


class DuckDB(Loader):
    """Amounts as doubles, nested values as JSON text, an empty text as null."""

    program = Program("target-duckdb", "target-duckdb")
    guesses_headers = True

    @property
    def _file(self) -> str:
        return str(self.folder / "loaded.duckdb")

    @property
    def config(self) -> dict[str, Any]:
        """The target's settings."""
        return {"filepath": self._file, "default_target_schema": "main"}

    def raw_rows(self, stream: str) -> Iterable[Row]:
        """Read a table."""
        return self.query(f'SELECT * FROM "{stream}"')  # noqa: S608 - own names

    def query(self, statement: str) -> Iterable[Row]:
        """Run a statement by the interpreter of the target's environment, whose duckdb reads its file."""
        script = Path(__file__).with_name("duckdb_rows.py")
        command = [str(self.program.python), str(script), self._file, statement]
        done = subprocess.run(command, check=True, capture_output=True)
        return map(read_json, done.stdout.splitlines())

    def column(self, name: str) -> str:
        """Give the name in lower case."""
        return name.lower()

    def value(self, stored: Any, schema: Schema) -> Any:  # noqa: ANN401 - any JSON
        """Read nested values from their JSON."""
        return read_json(stored) if isinstance(stored, str) and is_nested(schema) else stored

    def kept(self, value: Any, schema: Schema) -> Any:  # noqa: ANN401 - any JSON
        """Lose the digits of amounts, and empty texts."""
        return None if value == "" else as_double(value, schema)


class SQLite(Loader):
    """The suite's own target, which is the SDK's with a table behind it."""

    program = Program(str(Path(sys.prefix)), "python", (str(Path(__file__).with_name("sqlite_target.py")),))

    @property
    def _file(self) -> str:
        return str(self.folder / "loaded.sqlite")

    @property
    def config(self) -> dict[str, Any]:
        """The target's settings."""
        return {"path": self._file}

    def raw_rows(self, stream: str) -> Iterable[Row]:
        """Read a table."""
        with closing(sqlite3.connect(self._file)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(f'SELECT * FROM "{stream}"')]  # noqa: S608 - own names

    def value(self, stored: Any, schema: Schema) -> Any:  # noqa: ANN401 - any JSON
        """Read all but texts from their JSON."""
        is_text = holds(schema, "string") and not is_date_time(schema)
        return stored if stored is None or is_text else read_json(stored)
