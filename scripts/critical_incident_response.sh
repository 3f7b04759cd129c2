#!/bin/sh
# The first minutes of a critical incident: what is wrong, the safe steps that help, and is it well
# now? Options go to `manage.py recover`: --dry-run only says what it would do.
cd "$(dirname "$0")/.." || exit 2
python=.venv/bin/python
[ -x "$python" ] || python=python3
"$python" manage.py diagnose
"$python" manage.py recover "$@"
exec "$python" manage.py diagnose
