# Each line is one that a person could type. `bootstrap.py` does the set-up that a command needs, once.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)

.PHONY: demo serve test check bench pictures extension setup format python

demo: python
	$(PYTHON) bootstrap.py run && .venv/bin/tallystick demo $(ARGS)

serve: python
	$(PYTHON) bootstrap.py run && .venv/bin/tallystick serve $(ARGS)

test: python
	$(PYTHON) bootstrap.py develop && .venv/bin/python bootstrap.py test $(ARGS)

check: python
	$(PYTHON) bootstrap.py develop && .venv/bin/python bootstrap.py check

bench: python
	$(PYTHON) bootstrap.py develop && .venv/bin/python -m bench $(ARGS)

# The README's pictures, taken by the test of the main job.
pictures: python
	$(PYTHON) bootstrap.py develop && TALLYSTICK_WRITE_PICTURES=1 .venv/bin/python -m pytest -q tests/e2e/test_main_job.py

extension: python
	$(if $(PROFILES),TALLYSTICK_PROFILES=$(abspath $(PROFILES)) )$(PYTHON) bootstrap.py extension

format: python
	.venv/bin/ruff check --fix . ; .venv/bin/ruff format .

python:
	@test -n "$(PYTHON)" || { echo "Tallystick needs Python 3.11, 3.12 or 3.13; none was found. On Debian: sudo apt-get install python3 python3-venv"; exit 3; }
