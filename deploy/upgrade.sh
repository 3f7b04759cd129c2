#!/bin/sh
# What `make upgrade` does: upgrade.sh [VERSION], by default the newest tag. What takes long is fetched
# while calls go on; then a backup, calls come to their end, the new version, and a look whether the line
# is as well as before; if it is not, the former version comes back, with its backup where the new one
# changed the tables. WAIT: for how many seconds calls may go on (1800). Read whole before it runs, since
# it replaces itself.
set -eu
cd "$(dirname "$0")/.."

say() {
    echo "== $1"
}

fail() {
    echo "$1" >&2
    exit 1
}

# systemd is asked by root, and yet every file stays that of the folder's owner.
mine() {
    if [ "$(id -u)" = 0 ] && [ "$owner" != root ]; then
        runuser -u "$owner" -- env HOME="$(getent passwd "$owner" | cut -d: -f6)" "$@"
    else
        "$@"
    fi
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
        mine .venv/bin/python manage.py "$@"
    fi
}

# In Docker, whatever is neither a store nor carries calls.
ours() {
    docker compose ps --services --status running |
        grep -vxE 'postgres|redis|livekit-.*|kamailio|caddy|prometheus|grafana'
}

stop() {
    case $how in
    # shellcheck disable=SC2046  # several names are wanted; without any, all would be stopped
    docker) [ -z "$(ours)" ] || docker compose stop $(ours) ;;
    systemd) systemctl stop veyra ;;
    here) manage up --stop ;;
    esac
}

start() {
    case $how in
    docker) docker compose up -d --remove-orphans && answers_in_docker ;;
    # After some failed starts systemd refuses further ones.
    systemd) { systemctl reset-failed veyra || true; } && systemctl start veyra && manage up --wait ;;
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

# All that takes long or needs the internet, while calls go on: images, or packages.
prepare() {
    if [ "$how" = docker ]; then
        docker tag veyra veyra:former &&
            mine git archive "$to" | docker build --quiet --tag veyra:next - &&
            mine git show "$to:docker-compose.yml" | docker compose -f - pull --quiet --policy missing --ignore-buildable
    else
        mine git diff --quiet HEAD "$to" -- requirements.txt || downloaded
    fi
}

# pip keeps what it has downloaded, and finds it again.
downloaded() {
    folder=$(mine mktemp -d) got=yes
    mine git archive "$to" requirements.txt | mine tar -x -C "$folder" &&
        mine .venv/bin/python -m pip download --quiet --require-hashes -r "$folder/requirements.txt" -d "$folder" || got=no
    mine rm -rf "$folder"
    [ "$got" = yes ]
}

# take VERSION IMAGE: its files, and what was made of them before.
take() {
    mine git checkout --quiet "$1" || return 1
    if [ "$how" = docker ]; then docker tag "veyra:$2" veyra; else mine deploy/setup.sh; fi
}

# The name of a backup that was made now.
backed_up() {
    backup=$(manage backup | sed -n 's|^.*/\(veyra-[^/]*\.backup\)$|\1|p')
    [ -n "$backup" ]
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
    take "$to" next && touched=yes || return 1
    ! manage migrate --check >/dev/null 2>&1 || touched=no
    start && manage drain --end || return 1
    [ "$was_well" = no ] || is_well
}

go_back() {
    trap : INT TERM HUP
    say "It does not work with $to. Back to $named."
    stop || true
    take "$former" former || fail "The files of $named cannot be brought back: git checkout $former"
    if [ "$touched" = yes ]; then
        manage restore "$backup" --yes || fail "The backup could not be put back. Try again: manage.py restore $backup"
    fi
    start && manage drain --end || fail "$named does not start either; the lines above say why."
    fail "$named is back and works. Nothing was upgraded; the lines above say why."
}

# Nothing was replaced yet: calls are taken again.
leave() {
    trap : INT TERM HUP
    manage drain --end || true
    fail "$1"
}

main() {
    owner=$(ls -ld . | awk '{ print $3 }')
    how=$(how_it_runs)
    mine git diff --quiet HEAD || fail "Files of Veyra were changed in this folder (git status). Put them back first, so that nothing of it is lost."
    mine git fetch --quiet --tags 2>/dev/null || say "No newer version could be asked for; those that are here are used."
    to=${1:-$(mine git tag --sort=-v:refname | head -n 1)}
    [ -n "$to" ] && mine git rev-parse --quiet --verify "$to^{commit}" >/dev/null || fail "There is no version “$to”. Those that there are: $(mine git tag | tr '\n' ' ')"
    former=$(mine git symbolic-ref --quiet --short HEAD || mine git rev-parse HEAD)
    named=$(mine git describe --tags --always)
    [ "$(mine git rev-parse "$to^{commit}")" != "$(mine git rev-parse HEAD)" ] || fail "$to is what runs here already."
    touched=no was_well=yes
    manage diagnose || was_well=no
    [ "$was_well" = yes ] || say "The line is not well now, so afterwards only this is looked at: does Veyra run?"
    say "What $to needs is fetched"
    prepare || fail "It could not be had, so nothing was upgraded; the lines above say why."
    say "Backup"
    backed_up || fail "There is no backup, so nothing was upgraded; the lines above say why."
    say "Calls come to their end (at most ${WAIT:-1800} s)"
    trap 'leave "Nothing was upgraded, since you ended it."' INT TERM HUP
    manage drain --within "${WAIT:-1800}" || leave "Nothing was upgraded. Try again when fewer people call."
    say "Backup, with the calls that have just ended"
    backed_up || leave "There is no second backup, so nothing was upgraded; the lines above say why."
    say "$to in place of $named"
    trap go_back INT TERM HUP
    # Docker has the programs of the former version until those of the new one take their places.
    [ "$how" = docker ] || stop || leave "It could not be stopped, and goes on as it was."
    if renew; then
        say "$to works. To come back by hand: make upgrade TO=$former; the backup from before is $backup"
    else
        go_back
    fi
}

main "$@"
exit
