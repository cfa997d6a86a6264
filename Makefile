# Every command a person or CI runs; `make` alone prints the list.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TREES := contracts services cli deploy
ARGS ?=

export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup lock lock-jars up down status doctor demo demo-once test check fmt fmt-check lint types imports \
	contracts contracts-check score-files score-plans score-drift bench bench-drift bench-transform torture clean

help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-18s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

## -- environment ------------------------------------------------------------------------------------------------

setup: $(READY) ## Make or update the environment in .venv (locked, hashed)

# The stamp is written last, so that an interrupted setup is done again.
$(READY): pyproject.toml requirements/bootstrap.lock requirements/dev.lock requirements/demo-data.lock requirements/setup.sh
	@bash requirements/setup.sh "$(PYTHON)" "$(VENV)"
	@touch $@

lock: ## Remake the hashed locks of the Python dependencies
	@bash requirements/lock.sh "$(PYTHON)" "$(VENV)"

lock-jars: $(READY) ## Remake the lock of the Java archives of the embedded stack
	@$(BIN)/python -m deploy.local.relock

## -- the product on this machine --------------------------------------------------------------------------------

up: $(READY) ## Start the whole stack on this machine; Ctrl-C stops it
	@$(BIN)/modulardata up $(ARGS)

down: $(READY) ## Stop the stack of this folder (ARGS=--purge removes its data)
	@$(BIN)/modulardata down $(ARGS)

status: $(READY) ## Say what runs, where its data, logs and pages are
	@$(BIN)/modulardata status $(ARGS)

doctor: $(READY) ## Say what this machine lacks
	@$(BIN)/modulardata doctor $(ARGS)

demo: $(READY) ## The whole story on real data; stays up until Ctrl-C
	@$(BIN)/modulardata demo $(ARGS)

demo-once: $(READY) ## The same story, ends by itself and exits 0 only if every claim held
	@$(BIN)/modulardata demo --once $(ARGS)

## -- quality ----------------------------------------------------------------------------------------------------

# All of it on four workers, which share the servers and wait as long as they work; a part, which is small, in this
# process.
test: $(READY) ## Every test, with its own real servers (ARGS="tests/unit -k name" for a part)
	@$(BIN)/python -m pytest $(or $(ARGS),--numprocesses 4 --dist loadscope --no-loadscope-reorder)

check: fmt-check lint types imports contracts-check ## Format, lint, strict types, import rules, contracts

fmt: $(READY) ## Format the code and sort the imports
	@$(BIN)/ruff check --select I --fix -q . ; $(BIN)/ruff format .

fmt-check: $(READY)
	@$(BIN)/ruff format --check .

lint: $(READY) ## Lint
	@$(BIN)/ruff check .

types: $(READY) ## Strict types
	@$(BIN)/mypy $(TREES)

imports: $(READY) ## Who may import whom
	@$(BIN)/lint-imports

contracts: $(READY) ## Regenerate the schemas, OpenAPI, AsyncAPI and reference pages from the code
	@$(BIN)/python -m contracts.generate
	@$(BIN)/python -m services openapi
	@$(BIN)/python -m docs.generate
	@$(BIN)/python -m cli.reference

contracts-check: $(READY) ## Fail when the generated contracts are stale or incompatible
	@$(BIN)/python -m contracts.generate --check
	@$(BIN)/python -m services openapi --check

score-files: $(READY) ## Read a folder of messy files as uploads are read (CASES=folder OUT=folder)
	@$(BIN)/python -m services.connector.score_files "$(CASES)" "$(OUT)"

score-plans: $(READY) ## Carry out a folder of plain-English instructions (CASES=folder OUT=folder)
	@$(BIN)/python -m services.transform.score_plans "$(CASES)" "$(OUT)"

score-drift: $(READY) ## Compare the two deliveries of each case of a folder and decide (CASES=folder OUT=folder)
	@$(BIN)/python -m services.schema_drift.score_drift "$(CASES)" "$(OUT)"

bench: $(READY) ## The benches: a table, and build/bench/*.json
	@$(BIN)/python -m tests.bench.main_job $(ARGS)

bench-drift: $(READY) ## What comparing deliveries costs: build/bench/drift.json
	@$(BIN)/python -m tests.bench.drift

bench-transform: $(READY) ## The benches of shaping tables: build/bench/transform.json (ARGS=suites)
	@$(BIN)/python -m tests.bench.transform $(ARGS)

torture: $(READY) ## Kill things while runs are in flight, for as long as you like (ARGS="--seconds 600 --seed 7")
	@$(BIN)/python -m tests.faults $(ARGS)

clean: ## Remove the environment and what was built (not your data)
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
