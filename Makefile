# Each target sets up what it needs; the first run takes a few minutes, later ones do not.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 0
CDN_PORT ?= 0

.PHONY: help setup demo local stop test bench chaos check format clean
.SILENT:

help:
	echo "make demo     photos in, every size out, on this machine"
	echo "make local    the same stack, kept running (again: deploys to it); PORT=, CDN_PORT="
	echo "make stop     ends it"
	echo "make test     all tests, the end-to-end ones included"
	echo "make bench    speed, memory and cold start beside sharp and others; ARGS=--quick: a minute"
	echo "make chaos    uploads while S3 ails and workers die, then as fast as it goes; ARGS=--help"
	echo "make check    format, lint, types, template; quick"

setup: .venv/.ready node_modules/.ready

demo: setup
	$(BIN)/python -m local demo --port $(PORT) --cdn-port $(CDN_PORT)

local: setup
	$(BIN)/python -m local up --port $(PORT) --cdn-port $(CDN_PORT)

stop: .venv/.ready
	$(BIN)/python -m local down

test: setup .venv-checkov/.ready
	$(BIN)/python -m pytest

bench: setup .venv-bench/.ready bench/node_modules/.ready
	.venv-bench/bin/python -m bench $(ARGS)

chaos: setup
	$(BIN)/python -m local.chaos $(ARGS)

check: setup .venv-checkov/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/unit/test_layers.py tests/infrastructure/test_lint.py

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: stop
	rm -rf .venv .venv-bench .venv-checkov node_modules bench/node_modules .serverless .serverless-cache .cache

.venv/.ready: requirements.txt requirements-dev.txt
	command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: install it, or say PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, this is $$($(PYTHON) --version): say PYTHON=/path/to/python3" >&2; exit 1; }
	echo "Setting up Python packages in .venv (a minute or two)"
	$(PYTHON) -m venv --clear .venv || { echo "Python's venv module is needed (on Debian: apt install python3-venv)" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

node_modules/.ready: package.json package-lock.json
	command -v npm >/dev/null || { echo "Node 20.19 or newer with npm is needed: install it from your system or nodejs.org" >&2; exit 1; }
	node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' || { echo "Node 20.19 or newer is needed, this is $$(node --version)" >&2; exit 1; }
	echo "Setting up Node packages in node_modules (half a minute)"
	npm ci --silent --no-audit --no-fund
	touch $@

.venv-checkov/.ready: infra/rules/requirements.txt infra/rules/constraints.txt
	command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: install it, or say PYTHON=/path/to/python3" >&2; exit 1; }
	echo "Setting up checkov in .venv-checkov (two minutes)"
	$(PYTHON) -m venv --clear .venv-checkov
	.venv-checkov/bin/python -m pip install --quiet --disable-pip-version-check -r infra/rules/requirements.txt
	touch $@

.venv-bench/.ready: requirements.txt constraints.txt bench/requirements.txt
	command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: install it, or say PYTHON=/path/to/python3" >&2; exit 1; }
	echo "Setting up what is compared with in .venv-bench (a minute)"
	$(PYTHON) -m venv --clear .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r bench/requirements.txt
	touch $@

bench/node_modules/.ready: bench/package.json bench/package-lock.json
	command -v npm >/dev/null || { echo "Node 20.19 or newer with npm is needed: install it from your system or nodejs.org" >&2; exit 1; }
	cd bench && npm ci --silent --no-audit --no-fund
	touch $@
