# Needs make and python3 >= 3.11 with venv; everything else comes into .venv.

PYTHON = python3
ARGS   =

BIN     = .venv/bin
INSTALL = PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pip --disable-pip-version-check install --quiet
PYTEST  = PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 --dist loadfile

.PHONY: help up test check soak bench lock docs system-packages
.DEFAULT_GOAL = help

help:
	@echo "make TARGET [ARGS='...' for its command]"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST)

up: .venv/package ## install riostat here and start its console, until Ctrl-C
	@exec $(BIN)/riostat up $(ARGS)

test: .venv/development system-packages ## install what the tests need and run them
	@$(PYTEST) $(ARGS)

check: .venv/development ## formatting, lint, types, layers and the tidy test
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest --quiet tests/tidy $(ARGS)

soak: .venv/development system-packages ## the tests in their long forms: hours
	@$(PYTEST) -m "soak or not soak" --hypothesis-profile soak --timeout 14400 $(ARGS)

bench: .venv/development system-packages ## the benchmarks, one after the other
	@for benchmark in $(wildcard benchmarks/*.py); do \
	    echo "== $$benchmark"; $(BIN)/python "$$benchmark" $(ARGS) || exit 1; done

lock: .venv/development ## pin the requirements anew (ARGS=--upgrade for newer versions)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url \
	    --output-file requirements.txt --group build $(ARGS) pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url \
	    --output-file requirements-dev.txt --group dev --constraint requirements.txt $(ARGS) pyproject.toml

docs: .venv/development ## write the reference pages from the code
	@$(BIN)/python docs/generate.py

# As root on Debian, what the tests need of it; nobody else is asked for anything.
system-packages:
	@if [ "$$(id -u)" = 0 ] && grep -qsx ID=debian /etc/os-release; then \
	    missing=; \
	    for package in $$(sed 's/#.*//' system-packages.txt); do \
	        dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q ' installed$$' \
	            || missing="$$missing $$package"; \
	    done; \
	    if [ -n "$$missing" ]; then \
	        echo "installing$$missing"; \
	        export DEBIAN_FRONTEND=noninteractive; \
	        apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	    fi; \
	fi

.venv/development: requirements-dev.txt .venv/package
	@echo "installing what the tests need into .venv"
	@$(INSTALL) --require-hashes --requirement requirements-dev.txt
	@touch $@

.venv/package: pyproject.toml .venv/requirements
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src
	@touch $@

.venv/requirements: requirements.txt | $(BIN)/pip
	@echo "installing riostat into .venv"
	@$(INSTALL) --require-hashes --requirement requirements.txt
	@touch $@

# pip is the last thing that venv makes, and python a link that an upgrade of the system breaks.
$(BIN)/pip: | $(BIN)/python
$(BIN)/pip $(BIN)/python:
	@[ -x $@ ] || $(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("riostat needs Python 3.11 or newer, and $(PYTHON) is %d.%d: make PYTHON=python3.13, say" % sys.version_info[:2])'
	@[ -x $@ ] || $(PYTHON) -m venv --clear .venv
