"""Write what a query finds in a DuckDB file, as lines of JSON.

It is run by the interpreter of the target's environment, since not every duckdb reads every file.
"""

from __future__ import annotations

import json
import sys

import duckdb

path, query = sys.argv[1:]
with duckdb.connect(path, read_only=True) as database:
    found = database.execute(query)
    names = [column[0] for column in found.description or ()]
    for row in found.fetchall():
        sys.stdout.write(json.dumps(dict(zip(names, row, strict=True)), default=str) + "\n")
