# `make demo` plays the story, `make test` runs the tests; both set up what they need. `make help` lists the rest.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Processes of the tests, each with a Kafka of its own: they wait more than they compute. One thread for each: those of
# several processes wait for each other by spinning, and a test of 5 seconds took 40.
JOBS ?= 3
# What PyPI has of torch is built for NVIDIA cards, several GB of it; UV_TORCH_BACKEND=cpu fetches a small one instead.
# SDMetrics (MIT), beside which tests put the measures. Without its dependencies: one of them, copulas, has a Business
# Source Licence and must never be installed; what needs it is not used here.
SECOND_OPINION := sdmetrics==0.32.0
# Checks the live page for people who see little or use no mouse (MPL-2.0): for tests alone, never part of the package.
ACCESSIBILITY := axe-core@4.14.1

.PHONY: help demo test lint types bench soak soak-connectors tools clean links schemas dashboards setup
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 18

setup: $(READY) ## the environment in .venv with everything in it

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Halflife needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) -V). Install one and say: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(READY): pyproject.toml $(BIN)/uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --editable '.[all]' --group dev
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps $(SECOND_OPINION)
	@touch $@

links:
	@mkdir -p build/links/halflife
	@for room in schemas monitors generators streams; do ln -sfn ../../../$$room build/links/halflife/$$room; done
	@for file in __init__.py py.typed; do ln -sfn ../../../streams/package/$$file build/links/halflife/$$file; done

demo: $(READY) ## the story of the solar cells, live over Kafka (EXIT=1 ends when it is told)
	$(BIN)/halflife demo $(if $(EXIT),--exit)

test: $(READY) $(if $(CI),tools) ## all tests (JOBS=1 for one after the other)
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(BIN)/pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(READY) ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) links ## mypy, strict
	$(BIN)/mypy

bench: $(READY) ## speed, latency, memory and drift beside peers, as tables
	$(BIN)/python -m tests.bench $(ARGS)

soak-connectors: $(READY) ## each connector against its real counterpart: 10,000 records, five kills, two restarts
	$(BIN)/python -m tests.soak_connectors $(ARGS)

soak: $(READY) ## nothing lost, nothing doubled, under a thousand kills
	$(BIN)/python -m tests.soak $(ARGS)

schemas: $(READY) ## write the JSON Schemas of the messages again
	$(BIN)/python -m halflife.schemas.export

dashboards: $(READY) ## write Grafana's dashboards, and the rules for Kubernetes, again
	$(BIN)/python -m deploy.grafana.write
	$(BIN)/python -m deploy.kubernetes.rules

AXE := build/tools/node_modules/axe-core/axe.min.js
# What only tests need, and Debian has: a browser, Prometheus, Alertmanager and mosquitto. While they are installed, policy-rc.d keeps
# their services from being started: the tests start their own, at ports that are free.
tools: ## what only tests need: a browser, Prometheus, Alertmanager, mosquitto (by apt), axe-core (by npm)
	@have() { for name; do ! command -v $$name >/dev/null || return 0; done; return 1; }; wanted=; \
	have chromium chromium-browser google-chrome || wanted="chromium"; \
	have promtool && have prometheus || wanted="$$wanted prometheus"; \
	have amtool && have alertmanager prometheus-alertmanager || wanted="$$wanted prometheus-alertmanager"; \
	have mosquitto /usr/sbin/mosquitto && have mosquitto_passwd || wanted="$$wanted mosquitto"; \
	[ -n "$$wanted" ] || exit 0; \
	if [ -w /usr/bin ] && command -v apt-get >/dev/null && apt-get update -qq >/dev/null 2>&1; then \
	  policy=/usr/sbin/policy-rc.d; made=; \
	  [ -e $$policy ] || { printf '#!/bin/sh\nexit 101\n' > $$policy && chmod 755 $$policy && made=yes; }; \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 $$wanted >/dev/null 2>&1 || failed=yes; \
	  [ -z "$$made" ] || rm -f $$policy; \
	  [ -n "$${failed:-}" ] || exit 0; \
	fi; \
	echo "Not here, so that tests of it are skipped:$$wanted. Install it to run them." >&2
	@[ -f $(AXE) ] || { mkdir -p build/tools && npm install --prefix build/tools --silent --no-audit --no-fund $(ACCESSIBILITY) >/dev/null 2>&1; } || \
	echo "No npm here, or it does not reach its registry: the checks of accessibility are skipped." >&2

clean: ## what the other targets made
	rm -rf $(VENV) build dist .halflife .pytest_cache .mypy_cache .ruff_cache .hypothesis bench-results *.egg-info
