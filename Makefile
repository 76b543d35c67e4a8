# Thin: tools/setup_env.py makes .venv when it is needed, then runs the command in it.
# Choose another Python with PYTHON=python3.12, pass options with ARGS="--port 9000".

PYTHON ?= python3
ARGS ?=
IN_ENV = $(PYTHON) tools/setup_env.py
IN_TEST_ENV = $(IN_ENV) --extra test --extra classroom
# Three workers for two cores, because tests often wait for a kernel, a browser or a time limit. One worker runs
# a whole file. The files keep their order, so that the browser's tests begin early and the grader's come last.
PYTEST = $(IN_TEST_ENV) python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: help lab reset present html site cards test deep check mutants bench python

help:
	@echo "make lab      open the lessons in JupyterLab"
	@echo "make reset    reset one lesson; your version is kept beside it (make reset ARGS=02)"
	@echo "make present  open a lesson as slides, for a class (make present ARGS=01)"
	@echo "make html     write the lessons as pages to read, answers folded, and as pages to print"
	@echo "make cards    write a page of letters to print, for votes without phones"
	@echo "make site     write a site on which the lessons run in any browser (serve it: make site ARGS=--serve)"
	@echo "make test     test every promise once: style, types, lessons, JupyterLab in a real browser"
	@echo "make check    the quick part: no browser, no grader, no notebooks"
	@echo "make deep     the long tests: every variant, hostile submissions, other Pythons"
	@echo "make mutants  change right answers by one step, and list those that the checks accept"
	@echo "make bench    measure the cost of the patterns, as ratios in one run"

lab: python
	@$(IN_ENV) lifecycle lab $(ARGS)

reset: python
	@$(IN_ENV) lifecycle reset $(ARGS)

present: python
	@$(IN_ENV) lifecycle present $(ARGS)

html: python
	@$(IN_ENV) lifecycle html $(ARGS)

site: python
	@$(IN_ENV) lifecycle site $(ARGS)

# pytest changes each test before it runs. Without bytecode it would do so in each worker, for each run.
check test deep: export PYTHONDONTWRITEBYTECODE =
check: python
	@$(IN_TEST_ENV) ruff check
	@$(IN_TEST_ENV) ruff format --check
	@$(IN_TEST_ENV) mypy
	@$(PYTEST) --ignore tests/browser --ignore tests/classroom --ignore tests/test_notebooks.py \
		--ignore tests/test_exercises.py --ignore tests/test_lesson_content.py \
		--ignore tests/lessons/exercises/test_matrix.py --ignore tests/lifecycle/test_references_kept.py \
		-m "not deep" $(ARGS)

cards: python
	@$(IN_ENV) lifecycle cards $(ARGS)

test: python
	@$(IN_TEST_ENV) ruff check
	@$(IN_TEST_ENV) ruff format --check
	@$(IN_TEST_ENV) mypy
	@$(PYTEST) -m "not deep" $(ARGS)

deep: python
	@$(PYTEST) -m deep $(ARGS)
	@$(IN_TEST_ENV) python tools/other_pythons.py

mutants: python
	@$(IN_TEST_ENV) classroom matrix --mutants $(ARGS)

bench: python
	@$(IN_TEST_ENV) python tests/benchmarks $(ARGS)

python:
	@command -v "$(PYTHON)" >/dev/null || { echo "There is no $(PYTHON) here: install Python 3.11 or newer, \
	or name yours (make lab PYTHON=/path/to/python3)." >&2; exit 1; }
