# `make run` and `make test` do their own set-up. GNU make 3.81 (macOS) is enough.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PY    := .venv/bin/python
STAMP := .venv/.installed
WORKERS ?= auto
# Images often set it; each process that the tests start would compile our code and theirs anew.
unexport PYTHONDONTWRITEBYTECODE
CODE  := $(wildcard api app.py asgi.py core demo pages sandbox scripts tests benchmarks)
SLOW  := $(wildcard tests/e2e tests/crash)

.PHONY: help setup run test test-fast test-slow mutants modes specs clients lint format bench coverage lock licences sbom tour clean distclean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: $(STAMP)  ## make .venv and install everything (the others call this)

$(STAMP): requirements.txt requirements-sandbox.txt requirements-dev.txt scripts/setup.sh
	@bash scripts/setup.sh
	@touch $@

run: setup  ## start the app on a local HubSpot and Supabase (or on yours, see README)
	@$(PY) -m scripts.run $(ARGS)

test: setup  ## run every test: unit to browser
	@failed=0; \
	$(MAKE) --no-print-directory test-fast || failed=1; \
	$(MAKE) --no-print-directory test-slow || failed=1; \
	exit $$failed

test-fast: setup  ## run the tests that need no server of their own
	$(PY) -m pytest -n $(WORKERS) --dist worksteal $(addprefix --ignore=,$(SLOW)) $(ARGS)

test-slow: setup  ## run the browser journeys and the crash tests
	$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(SLOW) $(ARGS)

mutants: setup  ## take out each guard of the protocol, one at a time: some test must notice
	$(PY) -m tests.mutants $(ARGS)

modes: setup  ## run the suites of the HubSpot sandbox with other values of its options (nightly)
	$(PY) -m tests.modes $(ARGS)

clients: setup  ## read the HubSpot sandbox with other people's clients, each in its own environment
	$(PY) -m tests.clients $(ARGS)

specs: setup  ## hold the HubSpot sandbox to HubSpot's published specs: make specs SPECS=folder
	$(PY) -m tests.specs $(SPECS)

lint: setup  ## ruff, mypy --strict and the import rules
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy $(CODE)
	$(PY) -m pytest -q tests/test_architecture.py

format: setup  ## let ruff mend what it can
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .

bench: setup  ## measure speed and memory on the local stack, with the floors beside
	$(PY) -m benchmarks $(ARGS)

coverage: setup  ## branch coverage of the core by the fast tests
	$(PY) -m pytest -n $(WORKERS) --dist worksteal $(addprefix --ignore=,$(SLOW)) \
	  --cov=core --cov-branch --cov-report=term-missing:skip-covered

lock: setup  ## compile requirements*.in afresh (UPGRADE=1 takes newer releases)
	@for name in requirements requirements-sandbox requirements-dev; do \
	  echo "$$name.txt"; \
	  $(PY) -m uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-emit-find-links $(if $(UPGRADE),--upgrade) \
	    --custom-compile-command "make lock" $$name.in -o $$name.txt || exit 1; \
	done

tour: setup  ## write docs/tour.md and its pictures by walking a fresh demo in a browser
	$(PY) -m scripts.tour

licences: setup  ## write docs/licences.csv from the installed packages
	@$(PY) -m scripts.licences

sbom: setup  ## write sbom.cdx.json: what a production machine installs, as CycloneDX
	@$(PY) -m cyclonedx_py requirements requirements.txt --pyproject pyproject.toml --sv 1.6 --output-reproducible -o sbom.cdx.json

clean:  ## remove caches and the local stack's state; keep .venv
	rm -rf .state .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean  ## remove what setup made, too
	rm -rf .venv .cache
