# Each target sets up its packages; the first run takes a few minutes.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 0
CDN_PORT ?= 0
# constraints.txt pins all packages: pip and uv need not resolve dependencies.
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps
INSTALL := $(BIN)/uv pip install --quiet --python .venv --no-deps --compile-bytecode --requirement

# Without byte code, each start compiles all modules.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo local stop test test-thorough coverage bench chaos mutants check format clean
.SILENT:

help:
	echo "make demo     photos in, every size out, on this machine"
	echo "make local    the same stack, kept running (again: deploys to it); PORT=, CDN_PORT="
	echo "make stop     ends it"
	echo "make test     all tests, the end-to-end ones included; ARGS=\"-k name\" some of them"
	echo "make test-thorough  the same, with twenty times the examples"
	echo "make coverage branches that unit and integration tests do not take"
	echo "make bench    speed, likeness, memory, cold start beside sharp: 15 minutes; ARGS=--quick: one"
	echo "make chaos    uploads while S3 fails and workers die, then at full speed; ARGS=--help"
	echo "make mutants  which changes to the core no test notices; half an hour; ARGS=\"lib.keys\" of a module"
	echo "make check    format, lint, types, layers; quick"

setup: .venv/.ready node_modules/.ready native/built/.ready

demo: setup
	$(BIN)/python -m local demo --port $(PORT) --cdn-port $(CDN_PORT)

local: setup
	$(BIN)/python -m local up --port $(PORT) --cdn-port $(CDN_PORT)

stop: .venv/.ready
	$(BIN)/python -m local down

# In parallel on every core; with ARGS="-k name" in one process, which starts sooner.
test: setup
	$(BIN)/python -m pytest $(or $(ARGS),--numprocesses=auto)

test-thorough: setup
	$(BIN)/python -m pytest --numprocesses=auto --hypothesis-profile=thorough $(ARGS)

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

# uv ignores pip.conf: if uv fails, pip installs the same packages.
.venv/.ready: constraints.txt
	command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: install it, or say PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, this is $$($(PYTHON) --version): say PYTHON=/path/to/python3" >&2; exit 1; }
	echo "Setting up Python packages in .venv (half a minute)"
	$(PYTHON) -m venv --clear .venv || { echo "Python's venv module is needed (on Debian: apt install python3-venv)" >&2; exit 1; }
	$(PIP) $$(grep '^uv==' constraints.txt)
	$(INSTALL) constraints.txt || $(PIP) --requirement constraints.txt
	touch $@

node_modules/.ready: package.json package-lock.json
	command -v npm >/dev/null || { echo "Node 20.19 or newer with npm is needed: install it from your system or nodejs.org" >&2; exit 1; }
	node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' || { echo "Node 20.19 or newer is needed, this is $$(node --version)" >&2; exit 1; }
	echo "Setting up Node packages in node_modules (half a minute)"
	npm ci --silent --no-audit --no-fund
	touch $@

# For this machine, and for a deploy's usual functions.
native/built/.ready: .venv/.ready native/resample.c native/build.py
	echo "Building the resampling kernel (ten seconds)"
	$(BIN)/python -m native.build && $(BIN)/python -m native.build linux-arm64
	touch $@

.venv/.bench-ready: .venv/.ready bench/requirements.txt
	$(INSTALL) bench/requirements.txt || $(PIP) --requirement bench/requirements.txt
	touch $@

.venv/.mutants-ready: .venv/.ready tests/mutants/requirements.txt
	$(INSTALL) tests/mutants/requirements.txt || $(PIP) --requirement tests/mutants/requirements.txt
	touch $@

bench/node_modules/.ready: bench/package.json bench/package-lock.json
	command -v npm >/dev/null || { echo "Node 20.19 or newer with npm is needed: install it from your system or nodejs.org" >&2; exit 1; }
	cd bench && npm ci --silent --no-audit --no-fund
	touch $@
