# One image for web, worker, beat, tap, agent, kamailio and registrar; docker-compose.yml says which of them it is.

FROM node:22.19.0-bookworm-slim AS frontend
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci
COPY frontend/build.mjs ./
RUN npm run build

FROM python:3.13.7-slim-bookworm AS packages
WORKDIR /src
RUN python -m venv /venv
COPY requirements.txt ./
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

FROM python:3.13.7-slim-bookworm
# Packages of Debian have no pinned versions: it takes old ones away when it mends them.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends espeak-ng kamailio kamailio-tls-modules postgresql-common \
    # Backups need pg_dump of the database's own version, which is newer than Debian's.
    && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
    && apt-get install -y --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home veyra \
    && install -d -o veyra -g veyra /state /livekit \
    && install -d -m 700 -o veyra -g veyra /registrar
COPY --from=packages /venv /venv
WORKDIR /srv/veyra
COPY . .
COPY --from=frontend /src/static/vendor static/vendor
# Nobody may write here later, and without this each start reads all of it anew.
RUN python -m compileall -q .
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 VEYRA_STATE=/state DEBUG=false
USER 10001
VOLUME ["/state"]
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "deploy/healthy.py", "http://127.0.0.1:8000/health/live"]
CMD ["python", "manage.py", "run", "web", "uvicorn", "veyra.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--lifespan", "off", "--timeout-graceful-shutdown", "5", "--no-access-log"]
