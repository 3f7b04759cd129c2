#!/bin/sh
# What `make test` does: packages, LiveKit and the pages' libraries, then every check.
set -eu
cd "$(dirname "$0")/.."
deploy/setup.sh dev
.venv/bin/python manage.py build frontend livekit || echo "Tests that need it are skipped or fail below."
exec .venv/bin/python -m tests.gate
