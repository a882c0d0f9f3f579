# safehold: every target that people use has a comment after ##, and `make` alone lists them by group.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
ONCE ?=

# What pip cannot bring.  libmilter: the library behind pymilter, which is built here (it has no wheel);
# libmagic: types by content; libseccomp: the system calls that reading is left with; tesseract-ocr-eng: what recognising
# English print needs besides the wheel (4 MB of data).
# Postfix is only for the tests, which run a private instance of it.
RUN_PACKAGES := gcc libc6-dev python3-dev python3-venv libmilter-dev libmagic1 libseccomp2 tesseract-ocr-eng
TEST_PACKAGES := postfix postfix-lmdb postfix-pcre procps

##@ Try it
.PHONY: run
run: setup ## Start everything on one machine, send the samples, show what was held (ONCE=1: stop after the table)
	@$(BIN)/safehold run --directory var --policies policies --samples samples $(if $(ONCE),--once)

##@ Check it
.PHONY: test
test: setup test-packages check unit e2e ## Everything: lint, types, layers, unit, property and end-to-end tests

.PHONY: check
check: lint types layers ## Lint, types and layers

.PHONY: lint
lint: $(VENV)/.ready ## Style and likely mistakes (ruff)
	@$(BIN)/ruff check --quiet milter tests samples
	@$(BIN)/ruff format --quiet --check milter tests samples

.PHONY: types
types: $(VENV)/.ready ## Types, strictly (mypy)
	@$(BIN)/mypy --no-error-summary

.PHONY: layers
layers: $(VENV)/.ready ## Arrows point downwards; the core is pure (import-linter)
	@$(BIN)/lint-imports --no-logo

.PHONY: unit
unit: $(VENV)/.ready ## Unit and property tests, in parallel
	@$(BIN)/pytest tests/unit tests/samples -n 2 -q

.PHONY: e2e
e2e: $(VENV)/.ready ## End to end, through a real private Postfix (wants root)
	@$(BIN)/pytest tests/e2e -n 2 --dist loadscope -q -rs

.PHONY: bench
bench: setup test-packages ## Added latency and throughput beside Postfix alone and an accept-all milter
	@$(BIN)/python tests/bench/bench_latency.py

MUTANTS ?= 2000

.PHONY: fuzz-reading
fuzz-reading: $(VENV)/.ready ## Damaged files and bombs through the readers (MUTANTS=2000 a format)
	@$(BIN)/python tests/bench/fuzz_reading.py --mutants $(MUTANTS)
	@$(BIN)/python tests/bench/fuzz_reading.py --bombs

FUZZED ?= 10000

.PHONY: fuzz-policies
fuzz-policies: $(VENV)/.ready ## Policy and test files that nobody would write: no crash, no hang (FUZZED=10000 files)
	@$(BIN)/python tests/bench/fuzz_policies.py --files $(FUZZED)

.PHONY: bench-policies
bench-policies: $(VENV)/.ready ## What checking 200 policies costs, and asking them about a message
	@$(BIN)/python tests/bench/bench_policies.py

.PHONY: bench-reading
bench-reading: $(VENV)/.ready ## What reading costs and finds, beside other readers (QUICK=1: an eighth; TIKA, STALWART, MIME4J: checkouts)
	@$(BIN)/python tests/bench/bench_reading.py $(if $(QUICK),--quick) \
	  $(if $(TIKA),--tika $(TIKA)) $(if $(STALWART),--stalwart $(STALWART)) $(if $(MIME4J),--mime4j $(MIME4J))

##@ Work on it
.PHONY: setup
setup: $(VENV)/.ready ## System packages and the virtual environment from the lock file

.PHONY: format
format: $(VENV)/.ready ## Lay out the source as the linter wants it
	@$(BIN)/ruff check --quiet --fix milter tests samples
	@$(BIN)/ruff format --quiet milter tests samples

.PHONY: lock
lock: $(VENV)/.ready ## Renew the lock file from pyproject.toml
	@$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --extra dev \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host pyproject.toml -o requirements.lock

.PHONY: clean
clean: ## Remove what was built (keeps var/)
	@rm -rf $(VENV) build .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find milter tests samples -name __pycache__ -prune -exec rm -rf {} +

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: test-packages
test-packages:
	@$(call install_packages,$(TEST_PACKAGES),the end-to-end tests run a private Postfix)

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(call install_packages,$(RUN_PACKAGES),pymilter is compiled against libmilter; files are typed by libmagic; text in pictures is read with the English data of Tesseract)
	@echo "setup: making $(VENV) from requirements.lock (once, about a minute)"
	@$(PYTHON) -m venv $(VENV)
	@# The build tools come from the lock too, so that building pymilter fetches nothing unpinned.
	@$(PIP) install --require-hashes --no-deps -r <(awk '/^[a-z]/ {on = /^(pip|setuptools|wheel)==/} on' requirements.lock)
	@$(PIP) install --require-hashes --no-build-isolation -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# $(call install_packages,LIST,REASON): installs what is missing, and says what and why first.
define install_packages
missing=$$({ dpkg-query -W -f='$${Package} $${db:Status-Status}\n' $(1) 2>/dev/null || true; } | awk '$$2 == "installed" {print $$1}' \
  | sort | comm -13 - <(printf '%s\n' $(1) | sort) | xargs); \
if [ -n "$$missing" ]; then \
  echo "setup: installing $$missing with apt ($(2))"; \
  sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
  $$sudo apt-get update -qq; \
  $$sudo env DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
fi
endef
