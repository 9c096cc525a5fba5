# Each target sets up its packages; the first run takes a few minutes.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 0
CDN_PORT ?= 0

# Without byte code, each start compiles all modules.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup browser demo local stop test test-thorough screenshots coverage bench chaos mutants check format clean
.SILENT:

help:
	echo "make demo     photos in, every size out, on this machine"
	echo "make local    the same stack, kept running (again: deploys to it); PORT=, CDN_PORT=,"
	echo "              ARGS='--param=\"on_demand=declared\"' for sls deploy"
	echo "make stop     ends it"
	echo "make test     all tests, the end-to-end ones included; ARGS=\"-k name\" some of them"
	echo "make test-thorough  the same, with twenty times the examples"
	echo "make screenshots  pictures of the console, for README.md"
	echo "make coverage branches that unit and integration tests do not take"
	echo "make bench    speed, likeness, memory, cold start beside sharp: 15 minutes; ARGS=--quick: one"
	echo "make chaos    uploads while S3 fails and workers die, then at full speed; ARGS=--help"
	echo "make mutants  which changes to the core no test notices; half an hour; ARGS=\"lib.keys\" of a module"
	echo "make check    format, lint, types, layers; quick"

setup: .venv/.ready node_modules/.ready native/built/.ready

# Tests and screenshots use one; nothing else does.
browser: .venv/.ready
	$(BIN)/python -m local.setup browser

demo: setup
	$(BIN)/python -m local demo --port="$(PORT)" --cdn-port="$(CDN_PORT)"

local: setup
	$(BIN)/python -m local up --port="$(PORT)" --cdn-port="$(CDN_PORT)" -- $(ARGS)

stop: .venv/.ready
	$(BIN)/python -m local down

# In parallel on every core; with ARGS="-k name" in one process, which starts sooner.
test: setup browser
	$(BIN)/python -m pytest $(or $(ARGS),--numprocesses=auto)

test-thorough: setup browser
	$(BIN)/python -m pytest --numprocesses=auto --hypothesis-profile=thorough $(ARGS)

screenshots: setup browser
	$(BIN)/python -m tests.screenshots

coverage: setup
	$(BIN)/python -m pytest --numprocesses=auto --cov --cov-branch $(or $(ARGS),tests/unit tests/integration)

bench: setup .venv/.bench-ready bench/node_modules/.ready
	$(BIN)/python -m bench $(ARGS)

chaos: setup
	$(BIN)/python -m local.chaos $(ARGS)

mutants: setup .venv/.mutants-ready
	$(BIN)/python -m tests.mutants $(ARGS)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/unit/test_layers.py

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: stop
	rm -rf .venv node_modules native/built mutants bench/node_modules .serverless .serverless-cache .cache

# local/setup.py says why a set-up fails; of two at once, the second waits.
.venv/.ready: constraints.txt
	command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: install it, or say PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, this is $$($(PYTHON) --version): say PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m local.setup python $@ $^

node_modules/.ready: package.json package-lock.json | .venv/.ready
	$(BIN)/python -m local.setup node $@ $^

native/built/.ready: .venv/.ready $(wildcard native/*.[ch]) native/build.py
	$(BIN)/python -m local.setup kernel $@ $^

.venv/.bench-ready: bench/requirements.txt .venv/.ready
	$(BIN)/python -m local.setup requirements $@ $^

.venv/.mutants-ready: tests/mutants/requirements.txt .venv/.ready
	$(BIN)/python -m local.setup requirements $@ $^

bench/node_modules/.ready: bench/package.json bench/package-lock.json | .venv/.ready
	$(BIN)/python -m local.setup node $@ $^
