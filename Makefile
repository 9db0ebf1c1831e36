# For machines without ROS 2: everything here works in .venv, which the first call makes.
# On a robot, build with colcon in your workspace instead; see README.md.

SHELL := /bin/bash

# The first of these that is there and old or new enough; or choose: make demo PYTHON=/path/to/python
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3.10 python3; do \
	$$name -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 14))' 2> /dev/null \
	&& echo $$name && break; done)
PYTHON := $(or $(PYTHON),python3)

# The distribution of ROS 2 whose wheels are used: jazzy or kilted
DISTRO ?= jazzy
export DISTRO

.PHONY: help demo test scores film sample-bag split-report pictures nano small build set-up test-set-up docs clean
.NOTPARALLEL:

help:
	@echo 'make demo   watch a rendered room and a street through a real ROS 2 node'
	@echo '            VIDEO=FILE  watch this file instead     JSON=FILE  write the figures there'
	@echo '            CONSOLE=1   show it in a browser as well, until Ctrl-C'
	@echo 'make test   every test and linter (adds torch to .venv; so does make scores)'
	@echo '            DISTRO=kilted  the tests of the node, on ROS 2 Kilted'
	@echo 'make scores how well nano does on streams it was never trained on, into scores.json'
	@echo 'make film   how well it does on real film, beside frame differencing'
	@echo '            FILMS=FOLDER  where films lie that are not installed'
	@echo 'make sample-bag  a small bag with its truth beside, for streamo evaluate; prints its path'
	@echo 'make split-report  the test split as bags, and one report of them; OUT=DIR receives both'
	@echo '            CHECKPOINT=DIR  of this one, not nano     STREAMS=N  of each world, 100'
	@echo 'make pictures  photographs and cut-outs to train on, into build/pictures (docs/pictures.md)'
	@echo 'make nano   train nano from nothing, in three rounds of some hours, into OUT=DIR/third'
	@echo 'make small  train what small learns, a day on one core; resumes in OUT=DIR'
	@echo 'make ablation  what the choices of the paper are worth at its scale; OUT=DIR'
	@echo 'make docs   the documentation as a site, into build/docs (Sphinx, in .venv-docs)'
	@echo 'make build  .venv and install/ only; then: source env.sh'
	@echo 'make clean  remove everything these have made'

demo: build
	@source ./env.sh && python -m streamo_ros.nodes.tools.demo $(if $(VIDEO),--video '$(VIDEO)') $(if $(JSON),--json '$(JSON)') $(if $(CONSOLE),--console)

test: test-set-up build
ifeq ($(DISTRO),jazzy)
	@source ./env.sh && ruff check . && mypy && python -m pytest -n 3 --dist loadfile --no-loadscope-reorder
else
	@source ./env.sh && python -m pytest -n 3 --dist loadfile --no-loadscope-reorder test/nodes test/faults test/behaviors
endif

scores: test-set-up build
	@source ./env.sh && streamo study scores --json scores.json

film: build
	@source ./env.sh && streamo study film $(if $(FILMS),--films '$(FILMS)') $(if $(JSON),--json '$(JSON)')

sample-bag: build
	@source ./env.sh && streamo study sample-bag build/sample_bag

split-report: test-set-up build
	@source ./env.sh && streamo study split-bags '$(or $(OUT),$(error say where it goes: make split-report OUT=DIR))' $(if $(CHECKPOINT),--checkpoint '$(CHECKPOINT)') $(if $(STREAMS),--streams '$(STREAMS)')

ablation: test-set-up build
	@source ./env.sh && streamo study ablation --out '$(or $(OUT),$(error say where it goes: make ablation OUT=DIR))'

pictures: test-set-up build
	@source ./env.sh && python setup/pictures.py

nano: test-set-up build
	@source ./env.sh && out='$(or $(OUT),$(error say where it goes: make nano OUT=DIR))' \
	&& train='python -m streamo_ros.training.train --compile' \
	&& (test -f "$$out/first/model.safetensors" || $$train --out "$$out/first") \
	&& (test -f "$$out/second/model.safetensors" || $$train --out "$$out/second" --begin "$$out/first" --seed 9 --steps 3300) \
	&& $$train --out "$$out/third" --begin "$$out/second" --seed 31 --vision-steps 0 --steps 4400

small: test-set-up build
	@source ./env.sh && python -m streamo_ros.training.small.train --compile --out '$(or $(OUT),$(error say where it goes: make small OUT=DIR))'

build: set-up
	@source ./env.sh && python setup/build.py

set-up:
	@$(PYTHON) setup/set_up.py run

test-set-up:
	@$(PYTHON) setup/set_up.py test

docs: .venv-docs/.set-up
	@rm -rf build/docs
	@.venv-docs/bin/python -m sphinx -W --keep-going -q -b html docs build/docs
	@.venv-docs/bin/python docs/check_links.py build/docs
	@echo build/docs/index.html

# An environment of its own: what draws the documentation neither needs nor disturbs ROS.
.venv-docs/.set-up: requirements/docs.txt requirements.lock
	@echo 'Making .venv-docs with Sphinx (once; less than a minute) ...'
	@$(PYTHON) -m venv --clear .venv-docs
	@.venv-docs/bin/pip install -qq --disable-pip-version-check -c requirements.lock -r requirements/docs.txt
	@touch $@

clean:
	rm -rf .venv .venv-* build build-* install install-* log
	rm -rf .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
