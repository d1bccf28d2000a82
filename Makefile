# The only list of commands. Each target sets up by itself what it needs; `make help` prints this list.
PYTHON ?= python3
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(if $(UPGRADE),--upgrade)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup system-packages demo check test lint e2e host bench-agent bench-policy bench-stream bench-scriers bench-secrets bench-ui fuzz fuzz-policy soak-agent format reference screenshots lock proto proto-baseline clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the locked dependencies and vigo into .venv; quick when nothing changed
	@command -v $(PYTHON) >/dev/null || { echo "set-up: no $(PYTHON) on this machine; Vigo needs Python 3.11 or later (Debian 12 and later: apt-get install python3)" >&2; exit 1; }
	@$(PYTHON) tools/bootstrap/setup.py

system-packages: ## install the system packages that tests need, when root and when missing
	@tools/system-packages

demo: setup ## run the main job with a server and three envoys; ONCE=1 checks each fact and exits
	@$(BIN)/python examples/demo/run.py $(if $(filter 1,$(ONCE)),--once)

check: lint ## what to run before a commit: lint and every test that starts no programs of its own
	$(BIN)/pytest -q -n auto -m "not processes" --ignore=tests/e2e --ignore=tests/host

test: system-packages lint ## everything: lint and every test, with the system packages that they need
	@$(BIN)/python tools/side_by_side.py "$(BIN)/pytest -q -n auto --ignore=tests/host" "$(BIN)/pytest -q -n 2 tests/host"

lint: setup ## formatting, lint rules, types, import rules
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports

e2e: setup ## the tests with real processes over real TLS
	$(BIN)/pytest -q -n auto tests/e2e

host: system-packages setup ## the tests on a booted Debian of their own; as root
	$(BIN)/pytest -q tests/host

fuzz: setup ## attack everything that reads foreign bytes for MINUTES (10), with new inputs each time
	$(BIN)/python -m tools.fuzz --minutes $(or $(MINUTES),10)

fuzz-policy: setup ## attack the policy compiler for SECONDS (600); SEED (0) says with what, faults are kept in build/
	$(BIN)/python -m tools.fuzz_policy --seconds $(or $(SECONDS),600) --seed $(or $(SEED),0)

soak-agent: setup ## let an agent's machine fail RUNS (500) times at random moments; SEED (0) says how
	$(BIN)/python -m tools.soak_agent --runs $(or $(RUNS),500) --seed $(or $(SEED),0)

format: setup ## format the code and repair what ruff can repair
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench-policy: setup ## how long the compiler takes for 1,000 files, 10,000 resources and 2,000 entries, and where
	$(BIN)/python -m bench.policy

bench-agent: setup system-packages ## what the agent costs on a Debian of its own, beside bare Python doing the reads; as root
	$(BIN)/python -m bench.agent $(if $(SIZES),--sizes $(SIZES))

bench-stream: setup ## how quick pushes and tasks are for SIZES (1000 10000) envoys that hold their streams
	$(BIN)/python -m bench.stream $(if $(SIZES),--sizes $(SIZES))

bench-scriers: setup ## how quick a key is in a session, and a copy through one, while STREAMS (500) envoys hold their streams
	$(BIN)/python -m bench.scriers $(if $(STREAMS),--streams $(STREAMS))

bench-secrets: setup ## what secrets cost an agent: sealing, opening, and looking for values in what it tells
	$(BIN)/python -m bench.secrets

bench-ui: setup ## how quick the pages are for ENVOYS (10000) with RUNS (1000000) behind them, and the server's memory
	$(BIN)/python -m bench.ui $(if $(ENVOYS),--envoys $(ENVOYS)) $(if $(RUNS),--runs $(RUNS))

screenshots: setup system-packages ## draw every page in light, in dark and for a phone into docs/pictures/pages
	$(BIN)/python -m tools.screenshots

reference: setup ## write docs/kinds.md, docs/traits.md and docs/schema/ anew
	$(BIN)/python -m tools.reference

lock: setup ## bring requirements/ in line with pyproject.toml; UPGRADE=1 takes the newest versions
	$(LOCK) --output-file requirements/agent.txt
	$(LOCK) --extra server --output-file requirements/server.txt
	$(LOCK) --extra server --group dev --output-file requirements/dev.txt

proto: setup ## generate src/vigo/core/wire/*_pb2.py from proto/
	$(BIN)/python -m tools.protocol generate

proto-baseline: setup ## accept additions to the protocol; a breaking change is refused
	$(BIN)/python -m tools.protocol baseline

clean: ## remove what was built or cached, .venv too
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
