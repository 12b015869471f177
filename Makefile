# make demo   install, pack simulated jets, show sizes and errors   (about two minutes)
# make test   install, lint, type-check, test, build the docs        (about 15 minutes)

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
JOBS ?= 2
# first and by its version, so that the CPU build is taken
TORCH = torch==2.13.0

.PHONY: demo test lint types unit docs format clean

demo: $(VENV)/.demo
	$(BIN)/python examples/demo.py --output demo-output

test: lint types unit docs

lint: $(VENV)/.dev
	$(BIN)/ruff check src tests examples
	$(BIN)/ruff format --check src tests examples
	$(BIN)/lint-imports

types: $(VENV)/.dev
	$(BIN)/mypy

unit: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

docs: $(VENV)/.dev
	$(BIN)/mkdocs build --quiet --strict

format: $(VENV)/.dev
	$(BIN)/ruff check --fix src tests examples
	$(BIN)/ruff format src tests examples

$(VENV)/.venv:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.demo: $(VENV)/.venv pyproject.toml
	$(PIP) --editable '.[io,plot]'
	touch $@

$(VENV)/.dev: $(VENV)/.venv pyproject.toml
	$(PIP) $(TORCH)
	$(PIP) --editable '.[dev]'
	touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) site demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis
