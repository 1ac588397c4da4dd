# Lienthong. `make demo` is the place to begin; `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
RUN_STAMP := $(VENV)/.run-installed
DEV_STAMP := $(VENV)/.dev-installed
PROTO_STAMP := $(VENV)/.protos-generated
PROTOS := $(shell find protos -name '*.proto')
SOURCES := services/lienthong tests tools
TEST ?= tests
# The contracts of the last release: nothing that a client relies on may change.
RELEASED := $(lastword $(sort $(wildcard protos/released/*.binpb)))

export PYTHONPATH := services:.

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev protos demo run test test-unit test-faults test-faults-quick test-chart test-monitoring test-cluster test-cluster-quick test-samples fuzz check format bench bench-compare engines platform image cluster cluster-down released reference clean

help: ## Lists what can be made.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Lienthong needs Python 3.11 or later; name one with make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(UV): requirements/bootstrap.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/bootstrap.txt
	@touch $@

$(RUN_STAMP): requirements/run.txt | $(UV)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/run.txt
	@touch $@

$(DEV_STAMP): requirements/dev.txt $(RUN_STAMP)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

$(PROTO_STAMP): $(PROTOS) tools/protos.py $(RUN_STAMP)
	$(BIN)/python tools/protos.py
	@touch $@

# With the checkers installed, type stubs are generated too.
$(VENV)/.stubs-generated: $(PROTOS) tools/protos.py $(DEV_STAMP)
	$(BIN)/python tools/protos.py --third-party
	@touch $@ $(PROTO_STAMP)

$(VENV)/.command-installed: pyproject.toml $(RUN_STAMP) $(PROTO_STAMP)
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(PROTO_STAMP) $(VENV)/.command-installed ## Makes the environment and the generated code.

setup-dev: $(DEV_STAMP) $(VENV)/.stubs-generated $(VENV)/.command-installed

protos: $(VENV)/.stubs-generated ## Generates code from protos/.

demo: setup ## Plays the founding story. KEEP=1 leaves the platform up, FILE=x.edxml plays a real file.
	@$(BIN)/lienthong demo $(FILE) $(if $(KEEP),--keep)

run: setup ## Keeps the platform up, data in ./var.
	@$(BIN)/lienthong run --data-dir ./var

$(VENV)/.engines-installed: requirements/engines.txt $(RUN_STAMP)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/engines.txt
	@touch $@

engines: setup $(VENV)/.engines-installed ## Starts real engines on loopback, data in ./var/engines.
	@$(BIN)/lienthong dev engines start

platform: setup $(VENV)/.engines-installed ## Plays the story on real engines, each service a process. COPIES=2.
	@$(BIN)/lienthong dev platform play --copies $(or $(COPIES),1)

# Single services once more, on the other engine of their database.
ON_POSTGRESQL := tests/unit/intake tests/unit/routing tests/unit/signing tests/unit/workflow \
	tests/integration/workflow tests/integration/notification

# Engines that must answer within their time are not tested beside what takes a whole machine.
IN_TIME := tests/unit tests/contract tests/chart tests/monitoring tests/faults/test_checker.py \
	tests/integration/kafka tests/integration/objects tests/integration/postgres

test: setup-dev ## Runs the whole suite.
ifeq ($(TEST),tests)
	$(BIN)/python -m pytest -n 2 -m "not embedded" --database postgresql $(ON_POSTGRESQL)
	$(BIN)/python -m pytest -n 2 -m "not embedded" --engines real tests/integration/api
	$(BIN)/python -m pytest -n 2 $(IN_TIME)
	$(BIN)/python -m pytest -n 2 -m "not long and not cluster" $(IN_TIME:%=--ignore=%) tests
	$(MAKE) test-faults-quick
else
	$(BIN)/python -m pytest -m "not long and not cluster" $(TEST)
endif

test-unit: setup-dev ## Runs the fast tests, under a minute.
	$(BIN)/python -m pytest -n 2 -m "not servers and not children" tests/unit tests/contract

test-chart: setup-dev ## Renders the charts in all sizes and options, and holds them against the API. Needs Go once.
	$(BIN)/python -m pytest -n 2 tests/chart

test-monitoring: setup-dev ## Plays alerts and asks dashboards on a real Prometheus. Needs Go once.
	$(BIN)/python -m pytest tests/monitoring

$(VENV)/.fuzz-installed: requirements/fuzz.txt $(DEV_STAMP)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/fuzz.txt
	@touch $@

$(VENV)/.image-installed: requirements/image.txt $(RUN_STAMP)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/image.txt
	@touch $@

image: setup $(VENV)/.image-installed ## Makes the image of the program under build/image, without a builder.
	@$(BIN)/python -m tools.image

# Only root may make the node's namespaces and mounts.
cluster: setup $(VENV)/.engines-installed $(VENV)/.image-installed ## Brings up a Kubernetes on this machine, installs everything, plays the story. Needs root, and Go once.
	@$(BIN)/python -m tools.cluster up

cluster-down: ## Takes it down; nothing of it is left.
	@$(BIN)/python -m tools.cluster down

test-cluster: setup-dev ## Tests on that Kubernetes what its operators do under load, and the worst day. Needs root, and Go once.
	$(BIN)/python -m tools.cluster fetch
	$(BIN)/python -m pytest -s -x -m cluster tests/cluster

test-cluster-quick: setup-dev ## Half of it: install, scale, delete pods, upgrade under load.
	$(BIN)/python -m pytest -s -x -m cluster tests/cluster/test_cluster.py

fuzz: setup-dev $(VENV)/.fuzz-installed ## Fuzzes edXML and the door of intake; FUZZ_SECONDS=600.
	FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/python -m tests.fuzz

test-samples: setup-dev ## Reads every edXML file of DIR=folder.
	$(BIN)/python tools/check_samples.py $(DIR)

released: setup-dev ## Records the contracts of a release: VERSION=0.2.0.
	$(BIN)/buf build --exclude-source-info -o protos/released/$(VERSION).binpb

bench: setup-dev ## Measures PARTS=… (all but the long ones when none is named), prints, and writes a dated table under docs/bench.
	$(BIN)/python -m tests.bench $(PARTS)

bench-compare: setup-dev ## Measures PARTS=… and prints each figure beside the one recorded last.
	$(BIN)/python -m tests.bench --compare $(PARTS)

test-faults: setup-dev ## N=1000 faults of services and engines, SEED=0; goes on where it stopped. As many kills of one process.
	$(BIN)/python -m tests.faults --count $(or $(N),1000) --seed $(or $(SEED),0)
	LIENTHONG_FAULT_KILLS=$(or $(N),1000) $(BIN)/python -m pytest tests/faults -s --deselect tests/faults/test_processes.py

test-faults-quick: setup-dev ## 300 faults of services and engines, within 15 minutes; SEED=7100 repeats a run. A part of test.
	LIENTHONG_FAULTS=300 LIENTHONG_FAULT_SEED=$(or $(SEED),7100) $(BIN)/python -m pytest -s tests/faults/test_processes.py

check: setup-dev ## Format, lint, types, layers, protos, references.
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code protos
	$(BIN)/buf build -o build/contracts.binpb
	$(BIN)/buf breaking build/contracts.binpb --against $(RELEASED) --config buf.yaml
	$(BIN)/python -m tools.reference --check

format: setup-dev ## Formats everything.
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/buf format --write protos

reference: setup-dev ## Writes the generated pages under docs/reference.
	$(BIN)/python -m tools.reference

clean: ## Removes the environment, generated code and caches.
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache services/google
	find services -path '*/v1/*_pb2*' -delete
