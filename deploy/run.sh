#!/bin/sh
# What `make run` does: packages, then everything else by `manage.py up`, tied to its parent.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "$1" >&2
    exit 1
}

[ -n "${VEYRA_STATE:-}" ] || [ ! -f .env ] || VEYRA_STATE=$(sed -n 's/^VEYRA_STATE=//p' .env)
state=${VEYRA_STATE:-$PWD/.veyra}
mkdir -p "$state" 2>/dev/null && [ -w "$state" ] ||
    fail "The folder $state cannot be written. Set VEYRA_STATE to one that can."

free=$(df -Pm "$state" | awk 'NR == 2 { print $4 }')
[ "$free" -ge 200 ] ||
    fail "The disk is almost full: $state has $free MB left and 200 MB are needed. Free some space, or set VEYRA_STATE to another disk."

can_build_gateway() {
    command -v cc >/dev/null && command -v pkg-config >/dev/null && pkg-config --exists opus opusfile soxr
}

if [ -z "${LIVEKIT_URL:-}" ] && ! command -v livekit-sip >/dev/null && [ ! -x "$state/bin/livekit-sip" ] && ! can_build_gateway; then
    line="sudo apt install gcc pkg-config libopus-dev libopusfile-dev libsoxr-dev"
    [ "$(uname)" != Darwin ] || line="brew install pkg-config opus opusfile libsoxr"
    echo "Calls from phones need one more thing, which you can do now or later: $line"
fi

deploy/setup.sh
exec .venv/bin/python -I -S veyra/up/leash.py --parent "$PPID" .venv/bin/python manage.py up
