# Two commands do everything, from a fresh clone: `make lab` and `make test`. `make help` lists the others.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

# Bytecode makes TensorFlow's import three times as fast.
unexport PYTHONDONTWRITEBYTECODE
# Jupyter refuses to run as root without this flag, and containers have no other user.
ROOT_FLAG := $(if $(filter 0,$(shell id -u)),--allow-root)

SOURCES := $(shell find src style schema -type f 2>/dev/null) package.json tsconfig.json scripts/build_page.mjs
say = @printf '\033[1m==> %s\033[0m\n' "$(1)"

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

.PHONY: lab
lab: setup ## Set up, and open JupyterLab on the tutorial notebook with the embedded model
	$(call say,Opening JupyterLab on examples/prompt_debugging.ipynb (Ctrl+C twice ends it))
	jupyter lab $(ROOT_FLAG) $(LAB_ARGS) examples/prompt_debugging.ipynb

.PHONY: test
test: setup browser ## Set up, and run all tests: lint and types, pytest, jest, workflows in a real browser
	python scripts/run_tests.py --after build/early.json

# What needs no Python packages, one after another, for one core while pip is busy on another. `make test` counts it, and runs the rest.
.PHONY: early
early: lib/build.stamp ui-tests/node_modules/install.stamp
	rm -f build/early.json
	python scripts/run_tests.py --jobs 1 --early build/early.json

.PHONY: setup
setup: .venv/python.stamp .venv/javascript.stamp ## Make .venv and build the extension (lab and test do this by themselves)

# What builds the extension, jlpm among it: little, so that JavaScript's packages come while Python's do (`make --jobs 3`).
.venv/build.stamp: requirements/lock.txt
	@scripts/check_tools.sh
	$(call say,Making .venv with $$(scripts/check_tools.sh --print-python))
	[ -x $(BIN)/python ] || "$$(scripts/check_tools.sh --print-python)" -m venv .venv
	@# setuptools and wheel: LIT's annoy comes as source, and without build isolation it is built with what is here.
	python -m pip install --quiet --disable-pip-version-check --constraint requirements/lock.txt \
	    hatchling hatch-nodejs-version hatch-jupyter-builder jupyter-builder editables build setuptools wheel
	touch $@

.venv/python.stamp: pyproject.toml .venv/build.stamp
	$(call say,Installing Python packages as locked in requirements/lock.txt (TensorFlow is large; a few minutes))
	mkdir -p lit_lab/labextension
	@# Of 17,000 files, most are never imported. Python compiles the others when they are.
	SKIP_JUPYTER_BUILDER=1 python -m pip install --quiet --disable-pip-version-check --no-compile --constraint requirements/lock.txt \
	    --no-build-isolation --editable '.[service,lab,parquet,test]'
	touch $@

node_modules/install.stamp: package.json yarn.lock .yarnrc.yml .venv/build.stamp
	$(call say,Installing JavaScript packages as locked in yarn.lock)
	jlpm install --immutable
	touch $@

lib/build.stamp: node_modules/install.stamp $(SOURCES)
	$(call say,Compiling the JupyterLab extension)
	jlpm build:lib
	touch $@

.venv/javascript.stamp: lib/build.stamp .venv/python.stamp
	$(call say,Building the JupyterLab extension)
	jlpm build:labextension:dev
	jupyter-builder develop . --overwrite
	touch $@

ui-tests/node_modules/install.stamp: ui-tests/package.json ui-tests/yarn.lock .venv/build.stamp
	$(call say,Installing the browser tests' JavaScript packages)
	cd ui-tests && jlpm install --immutable
	touch $@

# Needs nothing of the set-up, so that `make -j2` has it meanwhile.
.PHONY: chromium
chromium:
	@scripts/install_browser.sh distribution

.PHONY: browser
browser: chromium ui-tests/node_modules/install.stamp
	@scripts/install_browser.sh playwright

.PHONY: test-long
test-long: setup browser ## Run what is too long for each push: more families of models, browser workflows, kills, texts, pictures
	python scripts/run_tests.py --long
	@# Pictures depend on the machine's fonts.
	$(if $(filter no,$(PICTURES)),,cd ui-tests && jlpm visual)

.PHONY: visual visual-update
visual: setup browser ## Compare pictures of the panel with those in ui-tests/visual/pictures, which depend on the machine's fonts
	cd ui-tests && jlpm visual

visual-update: setup browser ## Take these pictures anew, after a change that is meant: look at each before you commit it
	cd ui-tests && jlpm visual --update-snapshots=all

.PHONY: visual-against
visual-against: setup browser ## Compare pictures of the panel with those of another commit, taken on this machine (BASE=COMMIT)
	scripts/pictures_of.sh $(BASE) $(CURDIR)/build/pictures
	cd ui-tests && LIT_LAB_PICTURES=$(CURDIR)/build/pictures jlpm visual

.PHONY: coverage
coverage: export COVERAGE_FOLDER := $(CURDIR)/build/coverage
coverage: setup ## Run pytest's part of `make test`, and say which lines of lit_lab ran, in whatever process
	rm -rf $(COVERAGE_FOLDER) && mkdir -p $(COVERAGE_FOLDER)
	-COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml python scripts/run_tests.py pytest
	coverage combine --quiet
	coverage report --show-missing --skip-covered

.PHONY: test-backends
test-backends: setup ## Run the model service's tests on JAX and on PyTorch, each in an environment of its own (large)
	scripts/test_backends.sh

.PHONY: test-real
test-real: setup browser ## Try two real models against transformers, PyTorch and llama.cpp (gigabytes; Gemma's terms have to be agreed to)
	scripts/test_real.sh

.PHONY: test-cluster
test-cluster: setup browser ## Try two replicas of the model service on Ray Serve, in an environment of its own (large)
	scripts/test_cluster.sh

.PHONY: test-oldest
test-oldest: setup browser ## Try the wheel in the oldest JupyterLab and Notebook 7 that are supported, in a real browser
	scripts/smoke.sh oldest

.PHONY: test-collaboration
test-collaboration: setup browser ## Try the wheel in JupyterLab with real-time collaboration, two browsers in one notebook
	scripts/smoke.sh collaboration

.PHONY: test-setup
test-setup: setup browser ## Let the panel set the model service up in a JupyterLab without TensorFlow (gigabytes; ten minutes)
	scripts/smoke.sh collaboration setup

.PHONY: test-wheel
test-wheel: $(if $(WHEEL),,wheel) ## Install the wheel alone beside JupyterLab, without Node.js (WHEEL=FILE: one that is built already)
	scripts/test_wheel.sh $(or $(WHEEL),dist/*.whl)

.PHONY: lint
lint: setup ui-tests/node_modules/install.stamp ## Lint and types only
	python scripts/run_tests.py lint

.PHONY: format
format: setup ## Format everything
	ruff format .
	ruff check --fix .
	jlpm lint

.PHONY: api
api: .venv/python.stamp node_modules/install.stamp ## Write docs/openapi.json and the TypeScript types from lit_lab/protocol.py
	python scripts/generate_api.py

.venv-docs/python.stamp: requirements/docs.txt
	$(call say,Making .venv-docs as locked in requirements/docs.txt)
	[ -x .venv-docs/bin/python ] || "$$(scripts/check_tools.sh --print-python)" -m venv .venv-docs
	.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/docs.txt
	touch $@

.PHONY: docs
docs: .venv-docs/python.stamp ## Build the documentation's site into build/docs, in .venv-docs; a warning fails
	rm -rf build/docs
	.venv-docs/bin/python -m sphinx --builder html --fail-on-warning --keep-going --quiet --fresh-env \
	    --doctree-dir build/doctrees docs build/docs
	$(call say,The site is build/docs/index.html)

.PHONY: wheel
wheel: setup ## Build the wheel into dist/ (prebuilt extension: installing it needs no Node)
	rm -rf lit_lab/labextension dist
	python -m build --wheel --no-isolation

.PHONY: fuzz
fuzz: setup ## Send 10,000 requests that nobody would send to a real server (make test sends 500)
	LIT_LAB_FUZZ=10000 python -m pytest tests/fuzz

.PHONY: eval-demo
eval-demo: .venv/python.stamp ## Hold the embedded model to its gates and print the table (ten minutes)
	python -m training.evaluate

.PHONY: train-demo
train-demo: .venv/python.stamp ## Train the embedded model anew into build/demo (about two hours; goes on where it was interrupted)
	python -m training.train
	@# The card reports a missed gate.
	-python -m training.evaluate --preset build/demo/preset --json > build/demo/figures.json
	-python -m training.evaluate --preset build/demo/preset --first 11 --quick --json > build/demo/fresh.json
	python -m training.card

.PHONY: benchmarks
benchmarks: setup browser ## Run the benchmark scripts; each prints a table
	for script in cold_start server_start engine; do python "benchmarks/$$script.py"; done

.PHONY: lock
lock: ## Resolve the Python dependencies anew into requirements/lock.txt (needs uv)
	scripts/lock.sh

.PHONY: clean
clean: ## Remove everything that set-up and tests made
	rm -rf build .venv .venv-* node_modules ui-tests/node_modules lib lit_lab/labextension lit_lab/_version.py dist tsconfig.tsbuildinfo
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .eslintcache .stylelintcache ui-tests/test-results
