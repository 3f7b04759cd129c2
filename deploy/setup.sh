#!/bin/sh
# Makes .venv with the locked packages: setup.sh [dev]. Does nothing when nothing changed.
# Plain sh, since it runs before anything of ours can. Failures are one sentence, and exit 1.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "$1" >&2
    exit 1
}

# A name on PATH may be a shim without a Python behind it, so each is really run.
fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

find_python() {
    for name in ${PYTHON:-} python3.13 python3.12 python3.11 python3; do
        if fits "$name"; then
            echo "$name"
            return
        fi
    done
}

free_megabytes() {
    df -Pm . | awk 'NR == 2 { print $4 }'
}

make_venv() {
    python=$(find_python)
    [ -n "$python" ] || fail "Veyra needs Python 3.11, 3.12 or 3.13, and none was found. Install one (Debian, Ubuntu: sudo apt install python3-venv), or name it: make run PYTHON=/path/to/python3.12"
    [ "$(free_megabytes)" -ge 1500 ] || fail "The disk is almost full: the packages need 1500 MB and $(free_megabytes) MB are left. Free some space and start again."
    echo "Python: $("$python" -c 'import sys; print(sys.executable, sys.version.split()[0])')"
    rm -rf .venv
    "$python" -m venv .venv >/dev/null 2>&1 && return
    rm -rf .venv
    "$python" -m virtualenv -q .venv >/dev/null 2>&1 && return
    rm -rf .venv
    "$python" -m venv --without-pip .venv || fail "No virtual environment could be made. Install it: sudo apt install python3-venv"
    .venv/bin/python deploy/getpip.py
}

# install STAMP FILE...: the locked files, unless STAMP says that they are there.
install() {
    stamp=$1
    shift
    locks=$(cat "$@" | cksum)
    [ "$(cat "$stamp" 2>/dev/null)" != "$locks" ] || return 0
    [ "$(free_megabytes)" -ge 1500 ] || fail "The disk is almost full: the packages need 1500 MB and $(free_megabytes) MB are left. Free some space and start again."
    echo "Installing packages (a minute or two)…"
    arguments=
    for lock in "$@"; do arguments="$arguments -r $lock"; done
    # shellcheck disable=SC2086  # several words are wanted
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes $arguments ||
        fail "The packages could not be installed; the line above says why. Is there an internet connection?"
    echo "$locks" >"$stamp"
}

[ -x .venv/bin/python ] && fits .venv/bin/python || make_venv
install .venv/.requirements requirements.txt
[ "${1:-}" != dev ] || install .venv/.requirements-dev requirements.txt requirements-dev.txt
