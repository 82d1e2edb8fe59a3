# make run | test | soak | check | bench | setup | screenshots | clean        README.md says what each does.
.DEFAULT_GOAL := help
.PHONY: help run test soak check bench setup screenshots messages lock clean distclean
BIN := .venv/bin

help:
	@echo "make run     the product with its demo: a real Asterisk, an SMSC, a running campaign"
	@echo "make test    all tests        make check   lint, types, import contracts"
	@echo "make bench   the benchmarks   make setup   what the others need, nothing else"
	@echo "make soak    random strategies and events, 10,000 of each property (SOAK_EXAMPLES=…)"
	@echo "make clean   removes the demo's data (make distclean: all that setup made)"

run: setup
	@$(BIN)/python -m demo.run

test: setup
	@setup/browser.sh
	@$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

soak: setup
	@$(BIN)/python -m pytest -m soak --hypothesis-profile=soak --timeout=0 --numprocesses=auto --maxprocesses=4

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	@$(BIN)/python -m bench

setup: .venv/.done node_modules/.done
	@$(BIN)/python -m asterisk.lab.install

.venv/.done: requirements.lock pyproject.toml setup/python.sh
	@setup/python.sh
	@touch $@

node_modules/.done: package-lock.json setup/npm.sh .venv/.done
	@setup/npm.sh
	@touch $@

# docs/images anew, from the browser tests.
screenshots: setup
	@setup/browser.sh
	@$(BIN)/python -m docs.screenshots

# The texts of the pages, for translators; catalogues that are here get what is new.
messages: setup
	@setup/messages.sh

# Pins everything anew, with hashes and without an index address; uv makes the file, pip installs it.
lock:
	uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		--extra lab --extra dev --output-file requirements.lock pyproject.toml
	sed 's/ \\$$//; /--hash/d; /#/d' requirements.lock >deploy/constraints.tmp
	uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 \
		--constraints deploy/constraints.tmp --output-file deploy/requirements.lock pyproject.toml
	rm deploy/constraints.tmp

clean:
	@! [ -e .run/lock ] || flock --nonblock .run/lock true || { echo "The demo runs: end it with Ctrl-C first." >&2; exit 1; }
	rm -rf .run

distclean: clean
	rm -rf .venv node_modules .cache
