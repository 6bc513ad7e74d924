# The commands of the project. Each sets up what it needs first; `make` alone lists them.

PYTHON ?= python3
PORT ?= 8000
export PORT

BOOTSTRAP = $(PYTHON) mutual/bootstrap.py
BIN = .venv/bin
PYTEST = $(BIN)/pytest -n 2 --dist loadgroup

.PHONY: help run test soak bench check format lock clean
.SILENT:

help:
	echo 'make run      start the cooperative on http://localhost:$(PORT) (PORT=9000 make run for another port)'
	echo 'make test     run every test'
	echo 'make soak     run the tests that repeat until rare things happen'
	echo 'make bench    measure the speed, one JSON object per line'
	echo 'make check    ruff, mypy, import-linter, djlint, migrations, dependencies'
	echo 'make format   format the code'
	echo 'make lock     resolve the locked requirements again'
	echo 'make clean    stop the private servers and remove their data and the virtual environment'

run:
	$(BOOTSTRAP)
	exec $(BIN)/python -m mutual.supervise

test:
	$(BOOTSTRAP) --tests
	exec $(PYTEST)

soak:
	$(BOOTSTRAP) --tests
	exec $(PYTEST) -m soak

bench:
	$(BOOTSTRAP) --dev
	exec $(BIN)/python -m tests.bench

check:
	$(BOOTSTRAP) --dev
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/deptry .

format:
	$(BOOTSTRAP) --dev
	$(BIN)/ruff check --quiet --fix-only .
	$(BIN)/ruff format --quiet .

lock:
	$(BOOTSTRAP)
	for lock in requirements.txt requirements-dev.txt; do \
		group=; test $$lock = requirements.txt || group='--group dev --constraints requirements.txt'; \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
			--no-emit-find-links --extra embedded $$group --custom-compile-command 'make lock' \
			--output-file $$lock pyproject.toml; \
	done

clean:
	$(PYTHON) mutual/bootstrap.py --clean
