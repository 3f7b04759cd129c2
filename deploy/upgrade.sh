#!/bin/sh
# What `make upgrade` does: upgrade.sh [VERSION], by default the newest tag. A backup, calls that go on
# come to their end, the new version, and a look whether the line is as well as before; if it is not,
# the former version comes back, with its backup where the new one changed the tables.
# WAIT: for how many seconds calls may go on (1800). Read whole before it runs, since it replaces itself.
set -eu
cd "$(dirname "$0")/.."

say() {
    echo "== $1"
}

fail() {
    echo "$1" >&2
    exit 1
}

# docker: docker compose runs it; systemd: a unit named veyra does; here: make run, or this script.
how_it_runs() {
    if command -v docker >/dev/null && [ -n "$(docker compose ps -q web 2>/dev/null)" ]; then
        echo docker
    elif command -v systemctl >/dev/null && systemctl is-active --quiet veyra 2>/dev/null; then
        echo systemd
    else
        echo here
    fi
}

manage() {
    if [ "$how" = docker ]; then
        docker compose run --rm --no-deps -T worker-slow python manage.py "$@"
    else
        .venv/bin/python manage.py "$@"
    fi
}

stop() {
    case $how in
    docker) docker compose stop web worker worker-calls worker-slow worker-saving worker-livekit beat tap registrar agent lookout watchdog standby recorder ;;
    systemd) systemctl stop veyra ;;
    here) manage up --stop ;;
    esac
}

start() {
    case $how in
    docker) docker compose up -d && answers_in_docker ;;
    systemd) systemctl start veyra && manage up --wait ;;
    here) manage up --background ;;
    esac
}

# `up --wait` would take the end of the service `setup` for a failure.
answers_in_docker() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
        ! docker compose exec -T web python deploy/healthy.py http://127.0.0.1:8000/health/ready 2>/dev/null || return 0
        sleep 5
    done
    return 1
}

# The files of a version, and what it is made of.
take() {
    git checkout --quiet "$1" || return 1
    if [ "$how" = docker ]; then docker compose build --quiet; else deploy/setup.sh; fi
}

# Programs need a while until all of them have shown life.
is_well() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
        ! manage diagnose >/dev/null 2>&1 || break
        sleep 10
    done
    manage diagnose --call
}

# A line that was not well before cannot tell whether the new version is: then it is enough that it runs.
renew() {
    take "$to" && touched=yes || return 1
    ! manage migrate --check >/dev/null 2>&1 || touched=no
    start && manage drain --end || return 1
    [ "$was_well" = no ] || is_well
}

go_back() {
    say "It does not work with $to. Back to $named."
    stop || true
    take "$former" || fail "The files of $named cannot be brought back: git checkout $former"
    if [ "$touched" = yes ]; then
        manage restore "$backup" --yes || fail "The backup could not be put back. Try again: manage.py restore $backup"
    fi
    start && manage drain --end || fail "$named does not start either; the lines above say why."
    fail "$named is back and works. Nothing was upgraded; the lines above say why."
}

main() {
    how=$(how_it_runs)
    git diff --quiet HEAD || fail "Files of Veyra were changed in this folder (git status). Put them back first, so that nothing of it is lost."
    git fetch --quiet --tags 2>/dev/null || say "No newer version could be asked for; those that are here are used."
    to=${1:-$(git tag --sort=-v:refname | head -n 1)}
    [ -n "$to" ] && git rev-parse --quiet --verify "$to^{commit}" >/dev/null || fail "There is no version “$to”. Those that there are: $(git tag | tr '\n' ' ')"
    former=$(git symbolic-ref --quiet --short HEAD || git rev-parse HEAD)
    named=$(git describe --tags --always)
    [ "$(git rev-parse "$to^{commit}")" != "$(git rev-parse HEAD)" ] || fail "$to is what runs here already."
    touched=no was_well=yes
    manage diagnose || was_well=no
    [ "$was_well" = yes ] || say "The line is not well now, so afterwards only this is looked at: does Veyra run?"
    say "Backup"
    backup=$(manage backup | sed -n 's|^.*/\(veyra-[^/]*\.backup\)$|\1|p')
    [ -n "$backup" ] || fail "There is no backup, so nothing was upgraded; the lines above say why."
    say "Calls come to their end (at most ${WAIT:-1800} s)"
    manage drain --within "${WAIT:-1800}" || fail "Nothing was upgraded. Try again when fewer people call."
    say "$to in place of $named"
    # Docker has the programs of the former version until the new image is made.
    [ "$how" = docker ] || stop || fail "It could not be stopped, and goes on as it was."
    if renew; then
        say "$to works. To come back by hand: make upgrade TO=$former; the backup from before is $backup"
    else
        go_back
    fi
}

main "$@"
exit
