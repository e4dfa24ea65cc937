#!/usr/bin/env bash
# Load the API at TAP_MAKINI_API_URL into DuckDB, then show what the database holds.
# `make demo` runs it beside the sandbox; `demo.sh v4` reads the API that the sandbox's OpenAPI document describes.
set -euo pipefail
cd "$(dirname "$0")/.."

variant=${1:-}
name=warehouse${variant:+-$variant}
database=output/$name.duckdb
log=output/meltano.log
loader_python=.meltano/loaders/target-duckdb/venv/bin/python
run_options=()

if [[ $variant == v4 ]]; then
  export TAP_MAKINI_OPENAPI_FILE=$MAKINI_SANDBOX_OPENAPI TARGET_DUCKDB_PATH=$PWD/$database
  run_options+=(--state-id-suffix v4)
fi

mkdir -p output
if [[ -f $database ]]; then
  "$loader_python" scripts/touch_sandbox.py
  echo "Rows of the day before each bookmark (lookback_minutes) and full tables are read again as well"
else
  # With an old state, a new database would lack all older rows.
  run_options+=(--full-refresh)
fi

echo "Loading with: meltano run tap-makini target-duckdb (log: $log)"
# Local time to the microsecond, which is what the loader writes into rows.
started=$("$loader_python" -c 'from datetime import datetime; print(datetime.now().isoformat())')
if ! .venvs/meltano/bin/meltano run --no-install ${run_options[@]+"${run_options[@]}"} \
  tap-makini target-duckdb >"$log" 2>&1; then
  tail -n 20 "$log"
  exit 1
fi
"$loader_python" scripts/demo_report.py "$database" "$started"
echo "The database is $database. Run \`make demo${variant:+-$variant}\` again: it loads only what changed."
