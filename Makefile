# Two commands: `make report` and `make test`. Everything lives in .venv; relative paths only, because a path
# with a space breaks make's absolute ones.
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; exit; }; done; echo python3)
PY := $(BIN)/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

.PHONY: report test lint types floors pytest coverage lock clean help
.DEFAULT_GOAL := help

help:
	@echo "make report   install into .venv and write the report on eight beliefs (some minutes)"
	@echo "make test     lint, types, import floors and the test suite"
	@echo "make coverage the test suite with branch coverage"
	@echo "make lock     resolve the dependencies anew (needs uv)"
	@echo "make clean    remove .venv"

report: .venv/.project
	@$(PY) -m toolkit check misconceptions --output reports/misconceptions $(ARGS)

test: lint types floors pytest

lint: .venv/.test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: .venv/.test
	$(PY) -m mypy

floors: .venv/.test
	$(BIN)/lint-imports

pytest: .venv/.test
	$(PY) -m pytest -n 2 --dist worksteal $(ARGS)

coverage: .venv/.test
	$(PY) -m pytest -n 2 --dist worksteal --cov --cov-report=term $(ARGS)

# A venv that was killed half-way has a python without pip, so its python is no proof of anything: the stamp is.
.venv/.locked: requirements.lock
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { echo "Cannot start: there is no $(PYTHON) here. Install Python 3.11 or newer, or say where it is: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@"$(PYTHON)" scripts/preflight.py $(MAKECMDGOALS)
	@rm -rf .venv
	@echo "Creating .venv and installing the locked packages (about two minutes the first time)"
	@"$(PYTHON)" -m venv .venv
	@$(PY) -m pip install --quiet --no-deps --require-hashes --requirement requirements.lock \
		|| { echo "Cannot install: see pip's message above; the packages come from the package index, so a network is needed once. Then run make again." >&2; exit 2; }
	@touch $@

.venv/.project: .venv/.locked pyproject.toml
	@$(PY) -m pip install --quiet --no-index --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.test: .venv/.project requirements-test.lock
	@echo "Installing the locked test packages"
	@$(PY) -m pip install --quiet --no-deps --require-hashes --requirement requirements-test.lock \
		|| { echo "Cannot install the test packages: see pip's message above; then run make test again." >&2; exit 2; }
	@touch $@

# `fewest` keeps one set of versions for every Python, so that numbers agree; the GPU library that xgboost's
# Linux wheel asks for is left out, since nothing here opens it.
COMPILE := uv pip compile pyproject.toml build.in --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-emit-package nvidia-nccl-cu12 --no-emit-package nvidia-nccl-cu13 --no-header --no-annotate --quiet
lock:
	$(COMPILE) -o requirements.lock
	$(COMPILE) --extra test --constraint requirements.lock -o requirements-test.lock

clean:
	rm -rf .venv
