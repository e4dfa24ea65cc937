# Everything is installed into environments below this folder (.venv, .venvs, .meltano); nothing is installed globally.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# PYTHON=3.12 (a version or a path) uses another interpreter, in an environment of its own.
PYTHON ?=
PYTEST_ARGS ?=
SCENARIOS ?= 100
SEED ?= 1
# With a fixed start of the clock, the data is the same every day.
SANDBOX_ARGS ?= --clock 2026-01-02T00:00:00Z
UPGRADE ?=
# Keep byte code: without it each start of Python compiles what it imports, which takes a second.
unexport PYTHONDONTWRITEBYTECODE

VENV := $(if $(PYTHON),.venvs/python-$(subst /,-,$(PYTHON)),.venv)
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV := $(or $(shell command -v uv),.venvs/uv/bin/uv)
VENV_PYTHON := $(or $(PYTHON),>=3.10,<3.15)
# The demo's loader needs a duckdb that has no wheels for Python 3.14.
DEMO_PYTHON := >=3.10,<3.14
BUILD_PINS := --build-constraints requirements/build.txt
MELTANO := .venvs/meltano/bin/meltano
BENCH_ARGS ?=
BENCH_PEERS := bench-dlt bench-airbyte-cdk bench-tap-rest-api-msdk
TARGETS := $(basename $(wildcard requirements/targets/*.in))
TARGETS_READY := .venvs/target-duckdb/.ready $(TARGETS:requirements/%=.venvs/%/.ready)
PLUGINS_READY := .meltano/.demo-plugins-ready
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--python-version 3.10 --custom-compile-command "make requirements" $(UPGRADE)

.PHONY: help demo demo-v4 demo-reset test test-targets test-fuzz fuzz-one bench lint docs format check build requirements clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) $(PLUGINS_READY) ## Load a sandbox of the API into DuckDB with Meltano; run it again to load only what changed
	@$(BIN)/python -m makini_sandbox $(SANDBOX_ARGS) -- scripts/demo.sh

demo-v4: $(READY) $(PLUGINS_READY) ## The same with a v4 API, read by its OpenAPI document
	@$(BIN)/python -m makini_sandbox $(SANDBOX_ARGS) -- scripts/demo.sh v4

demo-reset: ## Delete the demo's database and state
	rm -rf output .meltano

test: $(READY) ## Run the tests (PYTEST_ARGS='-k name': some of them)
	@$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

test-targets: $(READY) $(TARGETS_READY) ## Load hostile records through real targets, PostgreSQL included, and compare (4 min)
	@scripts/install_postgres.sh
	@$(BIN)/pytest tests/targets $(PYTEST_ARGS)

test-fuzz: $(READY) ## Play random scenarios of servers, changes and kills (SCENARIOS=1000 SEED=5; 100 take 3 min)
	@FUZZ_SCENARIOS=$(SCENARIOS) FUZZ_SEED=$(SEED) $(BIN)/pytest tests/fuzz --numprocesses 2 $(PYTEST_ARGS)

fuzz-one: $(READY) ## Play one scenario again, and find a simpler one that fails too (SEED=5)
	@PYTHONPATH=tests $(BIN)/python -m fuzz $(SEED) --tries 3 --notes --shrink

lint: $(READY) ## Check style, types and imports
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

docs: $(READY) ## Write what is generated: tables and diagrams in docs/, settings in meltano.yml, the catalogs
	@$(BIN)/python -m scripts.docs

format: $(READY) ## Fix style as far as ruff can
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: $(READY) $(BENCH_PEERS:%=.venvs/%/.ready) ## Measure the tap and its peers, and write docs/benchmarks.md (BENCH_ARGS=--help)
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

check: lint test ## Lint and test

build: .venvs/build/.ready ## Build wheel and sdist into dist/, and check them
	rm -rf dist
	$(UV) build --quiet --python .venvs/build $(BUILD_PINS) --require-hashes
	.venvs/build/bin/twine check --strict dist/*
	.venvs/build/bin/python scripts/check_wheel.py dist/*.whl

requirements: | $(UV) ## Pin all dependencies (UPGRADE=--upgrade: to the newest versions)
	$(COMPILE) pyproject.toml --group dev --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --constraints requirements/dev.txt --output-file requirements/tap.txt
	for name in build meltano target-duckdb uv $(BENCH_PEERS); do \
		$(COMPILE) requirements/$$name.in --output-file requirements/$$name.txt; \
	done
	for path in $(TARGETS); do $(COMPILE) $$path.in --output-file $$path.txt; done

clean: ## Remove environments, caches and output
	rm -rf .venv .venvs .meltano output dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# --- environments: made once, and again when their pins change ---

.venvs/uv/bin/uv: | requirements/uv.txt
	@echo "No uv found: installing one below .venvs/uv"
	@python3 -m venv .venvs/uv || { echo "Python's venv module is missing (Debian, Ubuntu: apt install python3-venv)"; exit 1; }
	@.venvs/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt

$(READY): requirements/dev.txt pyproject.toml requirements/build.txt | $(UV)
	@echo "Installing into $(VENV)"
	@$(UV) venv --quiet --allow-existing --python "$(VENV_PYTHON)" $(VENV)
	@$(UV) pip sync --quiet --compile-bytecode --python $(VENV) --require-hashes requirements/dev.txt
	@$(UV) pip install --quiet --python $(VENV) --no-deps $(BUILD_PINS) --editable .
	@touch $@

.venvs/%/.ready: requirements/%.txt | $(UV)
	@echo "Installing into .venvs/$*"
	@$(UV) venv --quiet --allow-existing --python "$(DEMO_PYTHON)" .venvs/$*
	@$(UV) pip sync --quiet --python .venvs/$* --require-hashes $<
	@touch $@

# The libpq that this loader pins has no wheel that works with later versions.
.venvs/targets/pipelinewise-target-postgres/.ready: DEMO_PYTHON := >=3.10,<3.13

$(PLUGINS_READY): .venvs/meltano/.ready meltano.yml pyproject.toml requirements/tap.txt requirements/target-duckdb.txt
	@echo "Installing the tap and a loader with Meltano"
	@$(MELTANO) --log-level warning install tap-makini target-duckdb
	@touch $@
