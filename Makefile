# Everything a developer types. `make up` needs Python 3.11 or newer and the network once; it brings the rest.
#
#   PYTHON=/path/to/python3   the Python that .venv is made with (default: the first on the PATH that will do)

SHELL := /bin/sh
.DEFAULT_GOAL := help
# checkov has an environment of its own: its pins would narrow those of the app.
.PHONY: checkov package clients soak simulate fuzz fuzzing schemathesis
.PHONY: help up down status test check bench lock clean azurite browser contract python

VENV := .venv/bin/python
INSTALL := -m infra.local.install

# A shim may exist and still not run, so each candidate is tried.
FIND_PYTHON = for each in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python); do \
	"$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$each"; exit 0; }; \
	done; \
	echo "Evergreen needs Python 3.11 or newer; tried: $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python)." >&2; \
	echo "Install one, or say where it is: make up PYTHON=/path/to/python3" >&2; exit 1

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

up: python azurite ## start everything on this machine, with a first model
	@$(VENV) -m infra.local up

down: ## stop it; the data stays
	@if [ -x $(VENV) ]; then $(VENV) -m infra.local down; else echo "Nothing was running."; fi

status: ## what runs
	@$(VENV) -m infra.local status

test: python ## every test, file by file on each core
	@$(MAKE) --no-print-directory -j3 azurite browser contract clients
	@.venv/bin/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

check: python checkov ## format, lint, types, layers, Bicep
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.venv/bin/pytest tests/infra/test_bicep.py tests/infra/test_hardening.py tests/infra/test_settings.py
	@$(VENV) -m infra.check.checkov .venv-checkov/bin/checkov

package: python ## stage what azd deploys, and check its size
	@$(VENV) -m infra.package --measure

schemathesis: python azurite clients ## long: look for answers that the API's documents do not have
	@$(VENV) -m tests.clients.schemathesis_run

bench: python azurite .venv-bench/.stamp ## measure; results are printed, nothing fails
	@if ls tests/benchmarks/bench_*.py >/dev/null 2>&1; \
	then for each in tests/benchmarks/bench_*.py; do $(VENV) "$$each" || exit 1; done; \
	else echo "There are no benchmarks yet."; fi

soak: python azurite ## 30 minutes of scoring with faults, swaps and a kill; every promise is checked (MINUTES=30)
	@$(VENV) -m tests.benchmarks.serving.soak --minutes $(or $(MINUTES),30)

simulate: python ## how often the rules of deciding err: thousands of drawn streams, a table, docs/benchmarks/deciding.json
	@$(VENV) -m tests.simulation

LOCK := uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links

fuzz: python fuzzing ## a million scoring requests that nobody would send (FUZZ="--seed 1 --jobs 2" for others, faster)
	@nice -n 10 $(VENV) -m tests.fuzz $(FUZZ)

lock: ## pin what requirements*.in ask for, with hashes (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	$(LOCK) --python-version 3.11 requirements-serve.in requirements.in -o requirements.txt
	$(LOCK) --python-version 3.11 -c requirements.txt requirements-serve.in -o requirements-serve.txt
	$(LOCK) --python-version 3.11 -c requirements.txt requirements-dev.in -o requirements-dev.txt
	$(LOCK) --python-version 3.13 -c requirements.txt requirements-contract.in -o requirements-contract.txt
	$(LOCK) --python-version 3.11 requirements-clients.in -o requirements-clients.txt
	$(LOCK) --python-version 3.11 -c requirements-dev.txt requirements-bench.in -o requirements-bench.txt
	$(LOCK) --python-version 3.11 -c requirements-dev.txt requirements-fuzz.in -o requirements-fuzz.txt

clean: down ## stop everything and remove its data, environments and caches
	@for each in azurite logs run; do rm -rf "$${EVERGREEN_LOCAL_DIR:-.local}/$$each"; done
	@rm -rf .venv .venv-contract .venv-clients .venv-checkov .venv-bench .venv-fuzz node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# What the above stand on. A stamp file says that an environment is complete: a broken-off installation has none.

python: .venv/.stamp

.venv/.stamp: requirements-dev.txt
	@python=$$($(FIND_PYTHON)) && "$$python" $(INSTALL) python

azurite: node_modules/.stamp

node_modules/.stamp: package-lock.json .venv/.stamp
	@$(VENV) $(INSTALL) azurite

browser: node_modules/.stamp-browser

node_modules/.stamp-browser: node_modules/.stamp
	@$(VENV) $(INSTALL) browser

checkov: .venv-checkov/.stamp

.venv-checkov/.stamp: infra/check/requirements-checkov.txt .venv/.stamp
	@$(VENV) -m venv --clear .venv-checkov
	@echo "Installing checkov ..."
	@.venv-checkov/bin/pip install --disable-pip-version-check --quiet --quiet -r infra/check/requirements-checkov.txt
	@touch $@

contract: .venv-contract/.stamp

.venv-contract/.stamp: requirements-contract.txt .venv/.stamp
	@$(VENV) $(INSTALL) contract

clients: .venv-clients/.stamp

.venv-clients/.stamp: requirements-clients.txt .venv/.stamp
	@$(VENV) $(INSTALL) clients

.venv-bench/.stamp: requirements-bench.txt .venv/.stamp
	@$(VENV) $(INSTALL) bench

fuzzing: .venv-fuzz/.stamp

.venv-fuzz/.stamp: requirements-fuzz.txt .venv/.stamp
	@$(VENV) $(INSTALL) fuzz
