#!/bin/sh
# Has any library of ours a known weakness? Its data is on the internet: where that cannot be
# reached nothing is known, which is said, and holds up nobody.
set -u
cd "$(dirname "$0")/.."
report=$(mktemp)
trap 'rm -f "$report"' EXIT
timeout 120 .venv/bin/pip-audit --progress-spinner off --timeout 10 --disable-pip --no-deps \
    -r requirements.txt >"$report" 2>&1
status=$?
if grep -q "No known vulnerabilities found" "$report"; then
    echo "pip-audit: no known weakness"
elif grep -qE "^Name +Version +ID" "$report"; then
    cat "$report"
    exit 1
else
    echo "pip-audit: skipped, its data cannot be had here (exit $status): $(tail -1 "$report" | cut -c1-160)"
fi
