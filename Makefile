# What a person or a build server asks of the project. `make` alone lists it.

.DEFAULT_GOAL := help
SHELL := /bin/sh

# The first Python on this machine that is new enough; name another with PYTHON=.
PYTHON ?= $(shell for candidate in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$candidate && break; done)
WORKERS ?= 2
# The files that take longest first, so that no worker is left alone with one of them at the end.
TESTS ?= tests/docs tests/properties tests/spec tests/oracle tests/browser tests/zones tests/unit tests/golden
VENV := .venv/bin
MESSY ?=

.PHONY: help
help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

.PHONY: python
python:
	@test -n "$(PYTHON)" || { echo "Sojourn needs Python 3.11 or newer, and none was found. Install it, or name it: make PYTHON=/path/to/python" >&2; exit 1; }

.PHONY: setup
setup: python ## Install what the demonstration needs; does nothing when that is done
	@$(PYTHON) scripts/setup.py run

.PHONY: setup-tests
setup-tests: python ## Install what the tests need as well: a browser, PostgreSQL, Java and Spark, R, strace
	@$(PYTHON) scripts/setup.py tests

.PHONY: setup-again
setup-again: python ## Set up anew, and try again for what could not be had
	@rm -rf .setup
	@$(PYTHON) scripts/setup.py run

.PHONY: demo
demo: setup ## Make Ruritania, take its figures to publication and serve the portal
	$(VENV)/sojourn demo ruritania

.PHONY: lint
lint: setup-tests ## Look at style, layers and types
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/lint-imports
	$(VENV)/mypy
	$(VENV)/mypy scripts/*.py scripts/reference/*.py

.PHONY: test
test: lint ## Look at everything and run every test
	$(VENV)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

.PHONY: reference
reference: setup-tests ## Write the reference pages anew from the code
	$(VENV)/python -m sojourn.concepts.reference docs/reference/concepts
	$(VENV)/python scripts/reference docs/reference

.PHONY: docs
docs: reference ## Build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(VENV)/mkdocs build --strict --quiet

.PHONY: benchmarks
benchmarks: setup-tests ## Run every benchmark; MESSY= names the unpacked messy files for two of them
	@for benchmark in read_speed receive movements provisional residence_truth sampling_plans linkage_tutorials linkage linkage_ruritania linkage_uncertainty cluster permit_outcomes replicates survey survey_coverage small_areas special_designs faults; do \
		echo "== $$benchmark"; $(VENV)/python benchmarks/$$benchmark.py || exit 1; done
	@if test -d "$(MESSY)"; then \
		echo "== messy_cases"; $(VENV)/python benchmarks/messy_cases.py "$(MESSY)" && \
		echo "== pollock"; $(VENV)/python benchmarks/pollock.py "$(MESSY)/csv/pollock"; \
	else echo "== messy_cases and pollock were left out: name the unpacked files with MESSY="; fi

.PHONY: constraints
constraints: ## Write down the exact versions that are installed now
	$(VENV)/python scripts/constraints.py constraints.txt

.PHONY: clean
clean: ## Remove what was installed, built and cached; projects and keys stay
	rm -rf .venv .setup site build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
