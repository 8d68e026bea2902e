# Every target installs what it needs into this checkout (.tools, .venv, node_modules, build) from PyPI and npm, by hash,
# and is quick the second time. Needed on the machine: Python >= 3.11 and make.

SHELL := /bin/sh
.DEFAULT_GOAL := help
# What installs waits for the network and the disk: side by side.
MAKEFLAGS += --jobs=3
# Compiled files are kept: without them each of the hundred processes of a local cloud compiles its imports again.
unexport PYTHONDONTWRITEBYTECODE

# The system's Python, else the first on the PATH, that is new enough and can make environments; `make PYTHON=... setup`
# names another. Distributions build theirs with optimisations that version managers leave out: everything took a fifth
# less CPU with Debian's 3.11 than with a 3.11 that was compiled on the machine (docs/performance.md).
PYTHON ?= $(shell for each in /usr/bin/python3 python3 python3.13 python3.12 python3.11 python3.14; do \
	if $$each -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	then command -v $$each; break; fi; done)
RUN := .venv/bin/python
UV := .tools/bootstrap/bin/uv
LOCK := $(UV) pip compile pyproject.toml --quiet --universal --generate-hashes --no-emit-index-url --no-header
# Compiled at first use instead: large, and mostly never imported.
COMPILED_LATER := /(aws_cdk|cfnlint|moto|mypy|networkx|sympy)/

.PHONY: help setup bundles demo test test-long simulate shims check fmt bench drills drills-can-fail docs lock

help: ## say what the targets do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

setup: .venv/.compiled node_modules/.complete bundles ## install everything and build the functions' bundles

bundles: .venv/.complete
	@$(RUN) -m stacks.bundle local aws

demo: setup ## both Regions up, one lost with work in flight, nothing lost
	@$(RUN) -m stacks.cli demo

test: setup ## every check and every test, side by side: tests/phases.py
	@$(RUN) -m tests.phases

test-long: setup ## the stories of which `make test` tries a sample, all of them: tests/in_depth.py
	@IN_DEPTH=1 $(RUN) -m pytest -n 2 --dist loadfile tests/unit tests/stacks tests/localstack \
		tests/integration/local_cloud/test_up_and_down.py

simulate: setup ## 20,000 seeds of the simulation, and the seeds that show what a rule guards against
	@$(RUN) -m tests.simulation --seeds 20000
	@$(RUN) -m tests.simulation --find-counterexamples

shims: setup ## the tests of the emulator's shims, also without them: each must fail then
	@WITHOUT_SHIMS=1 $(RUN) -m pytest tests/integration/emulator

check: setup ## lint, format, types and import arrows
	@$(RUN) -m tests.phases check

fmt: .venv/.complete ## format, and mend what lint can mend
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

bench: setup ## measure what the design sets budgets for
	@$(RUN) -m tests.benchmarks

drills: setup ## every drill on a local cloud, one after the other: docs/drills.md
	@$(RUN) -m stacks.cli drill all

drills-can-fail: setup ## drills on functions without the rules that they guard: each must break
	@$(RUN) -m stacks.cli drill can-fail

docs: .venv/.complete ## write the generated pages anew
	@$(RUN) -m tests.architecture.errors_page

lock: .tools/bootstrap/.complete ## resolve pyproject.toml anew into both lock files
	@$(LOCK) --group stacks --group localstack --group dev --output-file requirements.lock
	@$(LOCK) --no-annotate --constraints requirements.lock --output-file functions/requirements.lock

# The line of the lock that installs uv itself; rewritten only when it differs, so that other changes leave uv alone.
.tools/uv.lock: requirements.lock
	@mkdir -p .tools
	@awk '/^uv==/ { wanted = 1 } wanted { print } wanted && !/\\$$/ { exit }' requirements.lock > .tools/uv.lock.new
	@cmp -s .tools/uv.lock.new .tools/uv.lock && rm .tools/uv.lock.new || mv .tools/uv.lock.new .tools/uv.lock

.tools/bootstrap/.complete: .tools/uv.lock
	@test -n "$(PYTHON)" || { echo "setup: no Python 3.11 or newer on the PATH" >&2; exit 1; }
	@echo "setup: uv, with $(PYTHON)"
	@$(PYTHON) -m venv --clear .tools/bootstrap || \
		{ echo "setup: '$(PYTHON) -m venv' does not work (on Debian: apt install python3-venv)" >&2; exit 1; }
	@.tools/bootstrap/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		--requirement .tools/uv.lock
	@touch $@

.venv/.complete: requirements.lock .tools/bootstrap/.complete
	@echo "setup: Python packages"
	@$(RUN) -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || \
		$(PYTHON) -m venv --clear --without-pip .venv
	@$(UV) pip sync --quiet --require-hashes --python $(RUN) requirements.lock
	@$(RUN) -m stacks.toolchain launchers
	@touch $@

.venv/.compiled: .venv/.complete
	@$(RUN) -W ignore -m compileall -q -j 0 -x '$(COMPILED_LATER)' .venv/lib
	@touch $@

node_modules/.complete: package-lock.json .npmrc .venv/.complete
	@echo "setup: the CDK command line"
	@$(RUN) -m stacks.toolchain npm ci --loglevel=error
	@touch $@
