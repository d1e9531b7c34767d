# Every target sets up .venv by itself; `make help` lists them.
VENV  := .venv
BIN   := $(VENV)/bin
ARGS  ?=
# three workers on two cores, since much of it waits; each test file in one of them: files start
# real servers of their own
PYTEST_ARGS ?= -n 3
RUNTIME_PINS := requirements/build.txt requirements/runtime.txt
DEV_PINS     := requirements/dev.txt
BENCH_PINS   := requirements/bench.txt
# what ranks is compiled for this machine, once: the first start would else wait for it
WARM_UP      := $(BIN)/python -m slotsvc.bootstrap.warm_up

.DEFAULT_GOAL := help
.PHONY: help demo up serve map test check screenshots messages proto bench growth torture pins clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Two stamps: a user of the demo does not wait for the developers' tools.
$(VENV)/.runtime: $(RUNTIME_PINS) pyproject.toml tools/make_venv.sh
	@tools/make_venv.sh $(VENV) $(RUNTIME_PINS)
	@$(WARM_UP)
	@touch $@

$(VENV)/.dev: $(DEV_PINS) $(RUNTIME_PINS) pyproject.toml tools/make_venv.sh
	@tools/make_venv.sh $(VENV) $(DEV_PINS)
	@$(WARM_UP)
	@touch $(VENV)/.runtime $@

$(VENV)/.bench: $(BENCH_PINS) $(RUNTIME_PINS) pyproject.toml tools/make_venv.sh
	@tools/make_venv.sh $(VENV) $(BENCH_PINS)
	@$(WARM_UP)
	@touch $(VENV)/.runtime $@

demo: $(VENV)/.runtime ## a town, a team, slots, the portal; ARGS=--once books and ends
	@$(BIN)/slotsvc demo $(ARGS)

up: $(VENV)/.runtime ## the service and its portal in one process; ARGS="--help" lists its options
	@$(BIN)/slotsvc up $(ARGS)

serve: $(VENV)/.runtime ## the gRPC service; ARGS="--help" lists its options
	@$(BIN)/slotsvc serve $(ARGS)

map: $(VENV)/.runtime ## compile a road map: make map FILE=region.osm.pbf
	@test -n "$(FILE)" || { echo "usage: make map FILE=region.osm.pbf" >&2; exit 2; }
	@$(BIN)/slotsvc map build "$(FILE)" $(ARGS)

test: $(VENV)/.dev ## all tests; ARGS="-k slots" chooses some
	@tools/find_chromium.sh >/dev/null
	@$(WARM_UP)
	@$(BIN)/python -m pytest $(PYTEST_ARGS) $(ARGS)

check: $(VENV)/.dev ## style, types, boundaries, protos, Dockerfile
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/buf lint
	$(BIN)/python tools/generate_protos.py --check
	$(BIN)/python tools/check_dockerfile.py
	$(BIN)/python tools/vendor_assets.py --check
	$(BIN)/python tools/messages.py check

screenshots: $(VENV)/.dev ## the portal's pages on phone and desktop, as pictures
	@tools/find_chromium.sh >/dev/null
	@$(BIN)/python tools/screenshots.py $(ARGS)

messages: $(VENV)/.dev ## the portal's sentences: take them from the code into the catalogues
	@$(BIN)/python tools/messages.py $(ARGS)

proto: $(VENV)/.dev ## generate slotsvc/pb from proto/
	@$(BIN)/python tools/generate_protos.py

bench: $(VENV)/.bench ## ranking beside a plain scan and beside peers; ARGS="--map DIR" on your roads
	@benchmarks/peers/timefold_venv.sh $(VENV)-timefold requirements/timefold.txt
	@$(BIN)/python -m benchmarks.rank --timefold $(VENV)-timefold/bin/python $(ARGS)

growth: $(VENV)/.bench ## latency and memory against technicians and days; ARGS="--plot growth.svg"
	@$(BIN)/python -m benchmarks.growth $(ARGS)

torture: $(VENV)/.dev ## bookings under kill -9 and other faults (ARGS), simulated days (SEEDS), days against brute force (DAYS)
	@$(BIN)/python -m benchmarks.torture $(ARGS)
	@$(BIN)/python -m benchmarks.torture --engine postgresql $(ARGS)
	@$(BIN)/python -m benchmarks.simulate $(or $(SEEDS),--seeds 2500)
	@$(BIN)/python -m benchmarks.torture_days $(DAYS)

# The same answers for every platform and Python; only what --upgrade is given moves.
COMPILE = uv pip compile --quiet --universal --python-version 3.12 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make pins"
pins: ## resolve the pins again (needs uv); ARGS=--upgrade takes newer versions
	@command -v uv >/dev/null || { echo "make pins needs uv on PATH" >&2; exit 1; }
	$(COMPILE) $(ARGS) --extra portal pyproject.toml -o requirements/runtime.txt
	$(COMPILE) $(ARGS) --group build -c requirements/runtime.txt -o requirements/build.txt
	$(COMPILE) $(ARGS) --extra portal pyproject.toml --group dev -c requirements/runtime.txt -c requirements/build.txt -o requirements/dev.txt
	$(COMPILE) $(ARGS) --extra portal pyproject.toml --group build --group bench -c requirements/runtime.txt -c requirements/build.txt -o requirements/bench.txt
	$(COMPILE) $(ARGS) --group timefold -o requirements/timefold.txt

clean: ## remove .venv and caches
	rm -rf $(VENV) $(VENV)-timefold .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
