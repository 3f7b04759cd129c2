#!/bin/sh
# What `make env` does: an .env for `docker compose up` with passwords and keys that nobody else has.
# DOMAIN: the name under which browsers reach the desk. An .env that is there stays as it is.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "$1" >&2
    exit 1
}

random() {
    head -c "$1" /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_'
}

[ ! -e .env ] || fail "There is an .env already, and its keys are needed to read what is stored. Change it by hand; .env.example explains each line."

umask 077
{
    echo "# Made by make env. Keep a copy of FIELD_KEYS apart from the database. .env.example explains all."
    echo "DEBUG=false"
    echo "SECRET_KEY=$(random 50)"
    echo "FIELD_KEYS=$(random 32)"
    echo "LIVEKIT_API_KEY=veyra"
    echo "LIVEKIT_API_SECRET=$(random 40 | tr -d '=')"
    # LiveKit knows it from its first start, so that one can change to it without another.
    echo "LIVEKIT_SECOND_KEY=veyra-$(head -c 3 /dev/urandom | od -An -tx1 | tr -d ' \n'):$(random 40 | tr -d '=')"
    echo "POSTGRES_PASSWORD=$(random 24 | tr -d '=')"
    echo "GRAFANA_PASSWORD=$(random 18 | tr -d '=')"
    echo "PUBLIC_IP=auto"
    echo "COMPOSE_PROFILES=registrar${DOMAIN:+,https}"
    if [ -n "${DOMAIN:-}" ]; then
        echo "DOMAIN=$DOMAIN"
        echo "PUBLIC_URL=https://$DOMAIN"
        echo "LIVEKIT_PUBLIC_URL=wss://$DOMAIN"
        # What pages tell staff to give to a provider.
        echo "SIP_HOST=$DOMAIN"
    fi
} >.env

echo ".env is written. Keep a copy of its line FIELD_KEYS in another place: without it, stored passwords cannot be read."
[ -n "${DOMAIN:-}" ] || echo "The desk will be at http://127.0.0.1:8000 of this machine. To reach it from elsewhere, by HTTPS, remove .env and run: make env DOMAIN=line.example.com"
