# Atoll: what one does with it. `make help` lists it.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell tools/find-python)
BIN := .venv/bin
PORT ?= 4566
UP_ARGS ?=
BENCH_ARGS ?=
WORKERS ?= 2
# Not the pages, the clients and the abuse: those try the product, whatever Python it runs on.
ON_NEWEST := tests/unit tests/property tests/service tests/package
PYTEST_ARGS ?= -q -n $(WORKERS) --dist worksteal

.PHONY: help
help:  ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

.PHONY: up
up: environment  ## Start Atoll on http://localhost:4566, in front (UP_ARGS="--temporary" hands options on)
	@exec $(BIN)/atoll up --port $(PORT) $(UP_ARGS)

.PHONY: setup
setup: environment  ## Install everything into .venv, so that .venv/bin/atoll is there
	@"$(PYTHON)" tools/environment.py botocore

.PHONY: test
test: lint clients unit-tests newest-tests  ## Pass every check, on .venv's Python and on the newest that the machine has

.PHONY: test-clients
test-clients: setup clients  ## Drive Atoll with AWS's CLI and SDKs, those in JavaScript, Go and Java where they can be built
	$(BIN)/pytest -q tests/clients

.PHONY: lint
lint: environment  ## Check style, types and import layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict
	$(BIN)/mypy --strict --explicit-package-bases tests/bench/*.py
	$(BIN)/mypy --strict tools/*.py
	$(BIN)/lint-imports --no-cache

.PHONY: demo
demo: environment  ## Play the README against an Atoll of its own
	@$(BIN)/python tools/play.py README.md

.PHONY: docs
docs: environment  ## Build the site of docs/ into site/, warnings being errors
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.PHONY: bench
bench: environment  ## Measure Atoll beside a hello-world (BENCH_ARGS="--help" says what can be chosen)
	@$(BIN)/python -m tests.bench $(BENCH_ARGS)

.PHONY: build
build: environment  ## Build wheel and sdist into dist/, and try the wheel in an empty environment
	$(BIN)/uv build --no-build-isolation --python $(BIN)/python --out-dir dist
	$(BIN)/pytest -q tests/package

.PHONY: generate
generate: environment  ## Make anew what follows from something else: packaged CRDs, pages of docs/
	$(BIN)/python tools/generate.py

.PHONY: format
format: environment  ## Bring the code into shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: lock
lock: environment  ## Choose the newest versions of what Atoll needs, into the lock files
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --upgrade --quiet \
		--custom-compile-command "make lock" --extra dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --upgrade --quiet \
		--custom-compile-command "make lock" tests/clients/botocore-1.31.in -o tests/clients/botocore-1.31.lock

.PHONY: clean
clean:  ## Remove environments, caches and what was built; not the data
	rm -rf .venv .venv-* dist build site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find emulator tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- steps

.PHONY: environment
environment:
	@test -n "$(PYTHON)"
	@"$(PYTHON)" tools/environment.py main

.PHONY: clients
clients: environment
	@$(BIN)/python tools/build_clients.py

.PHONY: unit-tests
unit-tests: setup
	$(BIN)/pytest $(PYTEST_ARGS)

.PHONY: newest-tests
newest-tests: setup
	@"$(PYTHON)" tools/environment.py newest
	@if [ -x .venv-newest/bin/pytest ]; then .venv-newest/bin/pytest $(PYTEST_ARGS) $(ON_NEWEST); fi
