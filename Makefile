# Everything that a person or a machine does with this repository. Commands stand in deploy/.

PYTHON_ENV := .venv/bin/python

.PHONY: run env upgrade test lint bench demo prove livekit frontend pictures lock messages

run:
	@exec deploy/run.sh

# For docker compose: make env, or make env DOMAIN=line.example.com
env:
	@DOMAIN="$(DOMAIN)" deploy/env.sh

# make upgrade, or make upgrade TO=v1.2.0 WAIT=600
upgrade:
	@WAIT="$(WAIT)" deploy/upgrade.sh $(TO)

test:
	@exec deploy/test.sh

lint: .venv/.requirements-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy .
	.venv/bin/bandit -q -ll -c pyproject.toml -r veyra agentworker telephony recordings monitoring
	@deploy/audit.sh

bench: .venv/.requirements-dev
	$(PYTHON_ENV) -m tests.bench

demo: .venv/.requirements
	$(PYTHON_ENV) manage.py migrate -v 0
	$(PYTHON_ENV) manage.py demo

# A browser keeps an event loop in its thread, beside which no other test can run one.
prove: .venv/.requirements-dev
	.venv/bin/pytest -m "prove and not browser"
	.venv/bin/pytest -m "prove and browser"
	$(PYTHON_ENV) -m tests.postgres .venv/bin/pytest -q -n 2 -m "not live and not browser and not prove"
	$(PYTHON_ENV) -m tests.live.twice
	$(PYTHON_ENV) -m tests.gate newer

livekit: .venv/.requirements
	$(PYTHON_ENV) manage.py build livekit

frontend: .venv/.requirements
	$(PYTHON_ENV) manage.py build frontend

# Pictures that the documents show: diagrams that changed, and pages as they look now.
pictures: .venv/.requirements-dev
	$(PYTHON_ENV) manage.py build frontend diagrams
	$(PYTHON_ENV) -m tests.browser.drawing
	.venv/bin/pytest -q -m browser tests/browser/test_documents.py tests/browser/test_live_board.py --screenshots

# Needs uv. --universal: a lock made for one Python fails on Debian's own 3.11.2.
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"
lock:
	$(COMPILE) requirements.in -o requirements.txt
	$(COMPILE) requirements-dev.in -o requirements-dev.txt
	$(COMPILE) deploy/tools/go.in -o deploy/tools/go.txt
	$(COMPILE) deploy/tools/node.in -o deploy/tools/node.txt

# Needs gettext.
messages: .venv/.requirements
	$(PYTHON_ENV) manage.py makemessages -l ru --no-obsolete --ignore .venv --ignore frontend
	$(PYTHON_ENV) manage.py compilemessages --ignore .venv

.venv/.requirements: requirements.txt
	deploy/setup.sh

.venv/.requirements-dev: requirements.txt requirements-dev.txt
	deploy/setup.sh dev
