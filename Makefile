# `make` lists the targets. Everything runs in .venv, made from the hash-pinned lock on first use.
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
ARGS ?=
RUN := .venv/bin
BESIDE := -n 2 --dist loadfile --no-loadscope-reorder
SOURCES := schemas streams clickhouse infra grafana docs tests

.PHONY: help install check test deep demo bench lock clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

install: ## Make .venv from the lock (once; later at once, also offline)
	@test -n "$(PYTHON)" || { echo "headwater needs Python 3.11 or newer on the PATH" >&2; exit 1; }
	@$(PYTHON) infra/bootstrap.py

check: install ## Lint, types, imports, unit tests: under a minute
	$(RUN)/ruff check $(SOURCES)
	$(RUN)/ruff format --check $(SOURCES)
	$(RUN)/mypy
	$(RUN)/lint-imports
	$(RUN)/pytest -q -n auto -m "not stack and not slow and not bench and not engine"

test: check ## What CI runs: check, then everything on real Kafka and the real engine
	$(RUN)/pytest -q --durations=25 $(BESIDE) -m "(stack or slow or engine) and not bench and not deep"

deep: install ## What says again, at greater length, what `make test` says
	$(RUN)/pytest -q -m deep

demo: install ## A quarter of a therapy centre, from raw files to the scoreboard (ARGS=--exit stops everything)
	@$(RUN)/headwater demo $(ARGS)

bench: install ## Measure throughput and latency on the local stack
	$(RUN)/pytest -q -s -m bench tests/bench

lock: install ## Pin requirements*.in anew, with hashes
	$(RUN)/uv pip compile requirements.in -o requirements.txt $(LOCK)
	$(RUN)/uv pip compile requirements-dev.in -o requirements-dev.txt $(LOCK)

LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q

clean: ## Stop the local stack and remove .venv, caches and .headwater
	@test ! -x $(RUN)/headwater || $(RUN)/headwater down
	rm -rf .venv .headwater .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
