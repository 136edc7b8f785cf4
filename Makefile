# Runs from a checkout on Python 3.10 to 3.13; "make help" lists the targets.
#   make PYTHON=python3.12 ...      another interpreter for .venv
#   make TESTS="tests/e2e -k name"  fewer tests
SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

RUN := .venv/bin
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# The checkout's own configuration, also where Ansible would not take it by itself (a world-writable folder).
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export PYTHONPATH := tests
unexport VIRTUAL_ENV

TESTS ?= tests/unit tests/simulation tests/contract tests/e2e
PYTEST := $(RUN)/pytest -n 2

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  %-12s %s\n", $$1, $$2 }'

.PHONY: setup
setup: ## Install what is needed into .venv, and system packages if that is allowed
	@tests/setup.sh

.PHONY: demo
demo: setup ## Show maintenance mode switched on and off in the lab
	@$(RUN)/python tests/demo.py

.PHONY: test
test: lint ## Run everything that CI runs: lint, then unit tests, simulations, contract and end-to-end tests
	$(PYTEST) $(TESTS)

.PHONY: unit
unit: setup ## Run the unit tests
	$(PYTEST) tests/unit

.PHONY: simulation
simulation: setup ## Run the simulations: every operation of a switch fails in every way
	$(PYTEST) tests/simulation

.PHONY: contract
contract: setup ## Run what every registered system owes, over the register
	$(PYTEST) tests/contract

.PHONY: e2e
e2e: setup ## Run the end-to-end tests against the lab
	$(PYTEST) tests/e2e

.PHONY: lint ruff mypy ansible-lint sanity
lint: setup ## Run ruff, mypy, ansible-lint and ansible-test sanity, two at a time
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target sanity ruff mypy ansible-lint
ruff: setup
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
mypy: setup
	$(RUN)/mypy
ansible-lint: setup
	$(RUN)/ansible-lint
sanity: setup
	$(RUN)/python tests/sanity.py

.PHONY: format
format: setup ## Format the Python sources and fix what ruff can fix
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

.PHONY: role-spec
role-spec: setup ## Generate what follows from modules and register: argument specs, action groups, README's table
	$(RUN)/python tests/role_spec.py

.PHONY: lab-up lab-down lab-status
lab-up: setup ## Start the lab, with an inventory to try things on
	@$(RUN)/python -m lab up
lab-down: setup ## Stop the lab
	@$(RUN)/python -m lab down
lab-status: setup ## Show the state of the lab's systems
	@$(RUN)/python -m lab status

.PHONY: bench
bench: setup ## Run the benchmarks
	$(RUN)/pytest -s tests/bench

.PHONY: screenshots
screenshots: setup ## Take the pictures of the status page in docs/
	PYTHONPATH=tests:.cache/collections $(RUN)/python tests/screenshots.py

.PHONY: molecule
molecule: setup ## Run the molecule scenarios against the lab
	$(RUN)/molecule test --all

.PHONY: matrix
matrix: ## Run unit, contract and smoke tests on the other Pythons and ansible-core versions found here
	@tests/matrix.sh

.PHONY: importer
importer: setup ## Check the built collection with galaxy-importer
	@tests/importer.sh

.PHONY: clean
clean: ## Remove everything that was installed or made here
	rm -rf .venv .cache .ansible .lab .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
