# Everything a newcomer, a test machine and an operator need. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HOST ?= 127.0.0.1
PORT ?= 8000
DEMO ?= demo
# pip takes its indexes from the machine's own configuration; nothing is written outside this folder
export PIP_NO_CACHE_DIR ?= 1
export npm_config_cache ?= $(CURDIR)/build/npm
# npm comes in a Python package with a prefix of its own: show it the machine's settings and certificates
NPMRC := $(firstword $(wildcard /etc/npmrc /usr/local/etc/npmrc /usr/etc/npmrc))
ifneq ($(NPMRC),)
export npm_config_globalconfig ?= $(NPMRC)
endif
CERTIFICATES := $(firstword $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt))
ifneq ($(CERTIFICATES),)
export NODE_EXTRA_CA_CERTS ?= $(CERTIFICATES)
endif
# the files of `tests/` are shared out among processes
PROCESSES ?= -n 2 --dist loadfile
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -q

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# a venv that was made half (python3-venv missing) must not look finished to the next run
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, and $(PYTHON) is not; name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
	  { echo "$(PYTHON) cannot make virtual environments: apt-get install python3-venv, or make PYTHON=…" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# the stamps carry the lock files' checksums, so that a changed lock installs again
$(VENV)/demo.stamp: requirements/demo.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install --require-hashes -r requirements/demo.txt
	$(PIP) install --no-deps -e .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/demo.stamp
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

.PHONY: assets
assets: $(VENV)/demo.stamp  ## build the front-end assets (no node needed on the machine)
	$(BIN)/python scripts/build_assets.py

.PHONY: demo
demo: assets  ## publish the demo installation and serve it (HOST=, PORT=, DATA= a folder of LAMOST files)
	$(BIN)/tianku demo $(DEMO) --host $(HOST) --port $(PORT) $(if $(DATA),--data $(DATA))

.PHONY: test-setup
test-setup: $(VENV)/dev.stamp assets  ## install what the tests need
	@scripts/install_clients.sh

.PHONY: test
test: test-setup lint-imports  ## unit, golden, engine, client and browser tests
	$(BIN)/python -m pytest tests -m "not slow" -rs $(PROCESSES)

.PHONY: verify
verify: test-setup lint  ## every acceptance check that a machine can run
	TIANKU_VERIFY=1 $(BIN)/python -m pytest tests -rs $(PROCESSES)

.PHONY: lint
lint: $(VENV)/dev.stamp lint-imports  ## style, types and layers
	$(BIN)/ruff check src tests bench scripts
	$(BIN)/ruff format --check src tests bench scripts
	$(BIN)/mypy

.PHONY: lint-imports
lint-imports: $(VENV)/dev.stamp
	$(BIN)/lint-imports --no-cache

.PHONY: bench
bench: $(VENV)/dev.stamp  ## measure, side by side with peers; writes build/bench.json
	$(BIN)/python -m bench

.PHONY: soak
soak: $(VENV)/dev.stamp  ## a million files and a thousand jobs among kills (FILES=, JOBS=); writes build/soak.json
	$(BIN)/python -m bench.soak $(if $(FILES),--files $(FILES)) $(if $(JOBS),--jobs $(JOBS))

.PHONY: lock
lock: $(VENV)/bin/python  ## resolve the dependencies again
	$(PIP) install uv
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --extra demo --extra build --generate-hashes --no-emit-index-url --no-annotate -q -o requirements/demo.txt
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --extra demo --extra build --extra dev --extra postgres --generate-hashes --no-emit-index-url --no-annotate -q -o requirements/dev.txt

.PHONY: reference
reference: $(VENV)/dev.stamp  ## write docs/reference from the code
	$(BIN)/python -m tianku.model.config.reference docs/reference
	$(BIN)/python -m tianku.api.reference docs/reference

.PHONY: wheel
wheel: assets  ## build the wheel, assets included
	rm -rf dist
	$(BIN)/python -m hatchling build -t wheel

.PHONY: clean
clean:  ## remove everything that was built
	rm -rf $(VENV) build dist src/tianku/static $(DEMO)
