# Two commands: `make serve` and `make test`. Each sets up everything it needs.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
VITALHUB_HOME ?= $(CURDIR)/var
export VITALHUB_HOME

.PHONY: help serve test check format bench lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

serve: $(VENV)/run.stamp ## set up, load the demo city and serve it on http://127.0.0.1:8000 (PORT=, VITALHUB_HOME=)
	@$(BIN)/python server.py serve --demo --port $(PORT)

test: $(VENV)/test.stamp ## set up and run every test
	@$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/test.stamp ## format, lint, strict types, import arrows
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: $(VENV)/test.stamp ## format and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/test.stamp ## measure, as ratios in one run
	@$(BIN)/python -m bench $(ARGS)

lock: $(VENV)/test.stamp ## renew the hashed locks from pyproject.toml
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --no-emit-index-url -o locks/run.txt pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --no-emit-index-url --extra test -o locks/test.txt pyproject.toml
	@echo 'metricflow>=0.213,<0.214' | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --no-emit-index-url -o locks/oracle.txt -

clean: ## remove the environment and the state under var/
	@rm -rf $(VENV) $(VITALHUB_HOME)

$(BIN)/python:
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: locks/run.txt | $(BIN)/python
	@echo "Setting up the environment (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/run.txt
	@touch $@

$(VENV)/test.stamp: locks/test.txt | $(BIN)/python
	@echo "Setting up the test environment (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/test.txt
	@touch $@ $(VENV)/run.stamp
