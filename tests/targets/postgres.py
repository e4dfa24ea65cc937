"""A real PostgreSQL server of the suite's own, gone when the suite ends."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ABSENT = "PostgreSQL's server is not installed: `make test-targets` as root, or install the package `postgresql`"
SUPERUSER = "postgres"
_OPTIONS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c listen_addresses=127.0.0.1"


class Postgres:
    """A server in a folder, on a free port of this machine.

    Args:
        folder: An empty folder that any user may enter.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self._programs = _programs()

    def start(self) -> None:
        """Make the cluster and start it; the server refuses root, so root runs it as `postgres`."""
        if os.geteuid() == 0:
            account = pwd.getpwnam(SUPERUSER)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        data = self.folder / "data"
        self._serve("initdb", "-D", data, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"{_OPTIONS} -c port={self.port} -c unix_socket_directories={self.folder}"
        self._serve("pg_ctl", "-D", data, "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self) -> None:
        """Stop the server, by the process id that it keeps in its folder."""
        self._serve("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")

    def make_database(self, name: str) -> None:
        """Make an empty database."""
        self.query("postgres", f'CREATE DATABASE "{name}"')

    def rows(self, database: str, table: str) -> Iterator[dict[str, Any]]:
        """Read a table as the JSON that the server makes of it: instants in UTC, all digits of numbers."""
        for line in self.query(database, f"SELECT row_to_json(t) FROM {table} t").split("\n")[:-1]:  # noqa: S608 - own names
            yield json.loads(line, parse_float=Decimal, parse_int=Decimal)

    def query(self, database: str, statement: str) -> str:
        """Run a statement with `psql`; its rows as lines of text."""
        address = ("-h", "127.0.0.1", "-p", str(self.port), "-U", SUPERUSER, "-d", database)
        psql = (self._programs / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1")
        utc = {**os.environ, "PGTZ": "UTC", "PGCLIENTENCODING": "UTF8"}
        done = subprocess.run([*psql, *address, "-c", statement], check=True, capture_output=True, env=utc)
        return done.stdout.decode()

    def _serve(self, program: str, *arguments: str | Path) -> None:
        user = SUPERUSER if os.geteuid() == 0 else None
        command = [self._programs / program, *arguments]
        # the server keeps its standard streams: a pipe would never end
        subprocess.run(command, check=True, user=user, cwd=self.folder, stdout=subprocess.DEVNULL, env={"LC_ALL": "C"})


def _programs() -> Path:
    """Give the folder of the newest server's programs; Debian has them where no PATH leads."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    initdb = found[-1] if found else shutil.which("initdb")
    if initdb is None:
        raise FileNotFoundError(ABSENT)
    return Path(initdb).parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
