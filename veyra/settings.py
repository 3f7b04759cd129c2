"""Settings. Everything comes from the environment and has a default that runs on one machine.

`.env.example` has a sentence for each variable; `veyra.checks` names the wrong ones at start.
"""

import logging
import os
import sys
import zoneinfo
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.utils.translation import gettext_lazy as _

from veyra.environment import Reader, beside, is_address
from veyra.kamailio.config import hidden
from veyra.logs.config import logging_config
from veyra.logs.redacting import secrets_in
from veyra.look import UNFOLD as UNFOLD
from veyra.state import local_keys, stamp, state_dir

BASE_DIR = Path(__file__).resolve().parent.parent
environ.Env.read_env(BASE_DIR / ".env")
STATE = state_dir(BASE_DIR)
TESTING = "pytest" in sys.modules

# Made by the first who reads them. A change between the stamp and the reading is seen later on.
local_keys(STATE)
KEYS_STAMP = stamp(STATE)
read = Reader(defaults=local_keys(STATE))

DEBUG = read.flag("DEBUG", True)
SECRET_KEY = read.text("SECRET_KEY")
FIELD_KEYS = read.names("FIELD_KEYS", [])
PORT = read.whole("PORT", 8000, 1, 65535)
PUBLIC_URL = read.url("PUBLIC_URL", f"http://127.0.0.1:{PORT}", ("http", "https"))
# Where the web listens, and with which address the line is reached from outside.
WEB_LISTEN = read.text("WEB_LISTEN", "127.0.0.1")
PUBLIC_IP = read.choice("PUBLIC_IP", "", is_address, "Write an IP address, or auto.")
# Where recorders, on whatever host, bring what they recorded.
INTERNAL_URL = read.url("INTERNAL_URL", f"http://127.0.0.1:{PORT}", ("http", "https"))
ALLOWED_HOSTS = read.names(
    "ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]", urlsplit(PUBLIC_URL).hostname or ""]
)
ALLOWED_HOSTS.append(urlsplit(INTERNAL_URL).hostname or "")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# LiveKit
LIVEKIT_PORT = read.whole("LIVEKIT_PORT", 7880, 1024, 65535)
LIVEKIT_URL = read.url(
    "LIVEKIT_URL", f"ws://127.0.0.1:{LIVEKIT_PORT}", ("ws", "wss", "http", "https")
)
LIVEKIT_API_KEY = read.text("LIVEKIT_API_KEY")
LIVEKIT_API_SECRET = read.text("LIVEKIT_API_SECRET")
# Another pair that LiveKit knows, and the one that goes: name:secret. They may change while we run,
# so ask veyra.livekit.pairs
LIVEKIT_SECOND_KEY = read.text("LIVEKIT_SECOND_KEY")
LIVEKIT_LEAVING_KEY = read.text("LIVEKIT_LEAVING_KEY")
LIVEKIT_LISTEN = read.text("LIVEKIT_LISTEN", "127.0.0.1")
LIVEKIT_UDP_PORT = read.whole("LIVEKIT_UDP_PORT", 7882, 1024, 65535)
LIVEKIT_TCP_PORT = read.whole("LIVEKIT_TCP_PORT", 7881, 1024, 65535)
# Where it tells its figures, to whom LIVEKIT_LISTEN lets in; on a public address it is closed (0).
_near_livekit = 0 if PUBLIC_IP else beside(LIVEKIT_PORT, 9)
LIVEKIT_METRICS_PORT = read.whole("LIVEKIT_METRICS_PORT", _near_livekit, 0, 65535)
LIVEKIT_PUBLIC_URL = read.url("LIVEKIT_PUBLIC_URL", LIVEKIT_URL, ("ws", "wss", "http", "https"))
# Of PUBLIC_IP=auto only `manage.py up` knows the address, and sets SIP_HOST.
SIP_HOST = read.text("SIP_HOST", PUBLIC_IP.replace("auto", "") or "127.0.0.1")
SIP_PORT = read.whole("SIP_PORT", 5060, 1, 65535)
SIP_LISTEN = read.text("SIP_LISTEN", "0.0.0.0" if PUBLIC_IP else "127.0.0.1")  # noqa: S104  # asked for
RTP_PORTS = read.ports("RTP_PORTS", "10000-10100")
# Where the gateway tells how it is, and its figures. It listens on every interface there, so both
# stay closed (0) until somebody opens them, behind a firewall.
SIP_HEALTH_PORT = read.whole("SIP_HEALTH_PORT", 0, 0, 65535)
SIP_METRICS_PORT = read.whole("SIP_METRICS_PORT", 0, 0, 65535)
# Likewise of the programs for streams, which are Docker's.
EGRESS_METRICS_PORT = read.whole("EGRESS_METRICS_PORT", 0 if PUBLIC_IP else 9193, 0, 65535)
INGRESS_METRICS_PORT = read.whole("INGRESS_METRICS_PORT", 0 if PUBLIC_IP else 9194, 0, 65535)
# The address that our own test caller's INVITEs come from; trunks with an address list admit it.
SIP_TEST_FROM = read.text("SIP_TEST_FROM", "127.0.0.1/32")

# Lines that must register: where Kamailio meets providers, and where its gateway sees it call from
REGISTRAR_PORT = read.whole("REGISTRAR_PORT", 5080, 1024, 65533)
REGISTRAR_SOCKET = Path(read.text("REGISTRAR_SOCKET", f"{STATE}/run/registrar.sock"))
REGISTRAR_FROM = read.network("REGISTRAR_FROM", f"{hidden(SECRET_KEY)}/32")
REGISTRAR_CA = Path(read.text("REGISTRAR_CA", "/etc/ssl/certs"))

# Asks `manage.py up` for the simulator even where a real LiveKit could be had.
SIMULATOR = read.flag("SIMULATOR", False)
# The assistant: calls that one worker takes at once (a core carries about five), its health port
AGENT_CALLS = read.whole("AGENT_CALLS", 5 * (os.cpu_count() or 1), 1, 1000)
AGENT_PORT = read.whole("AGENT_PORT", 8081, 1, 65535)
# Where it tells that, and its figures: 0, none; each worker of a machine needs a port of its own
AGENT_LISTEN = read.text("AGENT_LISTEN", "127.0.0.1")
AGENT_METRICS_PORT = read.whole("AGENT_METRICS_PORT", 0, 0, 65535)

# Where our own test caller dials: the gateway, as this machine reaches it; empty: there is none
SIP_TEST_TO = read.port_of_host("SIP_TEST_TO", f"127.0.0.1:{SIP_PORT}")

# Does our own telephone call the line by itself, every night and after changes?
TEST_CALLS = read.flag("TEST_CALLS", True)
# Set by `manage.py up` where it started the simulator; every page then says so.
LIVEKIT_SIMULATED = read.flag("LIVEKIT_SIMULATED", False)
# LiveKit's egress sees the folders of our storages where we do: it writes there without a login.
EGRESS_SEES_FOLDERS = read.flag("EGRESS_SEES_FOLDERS", False)

# Redis: the queue, the live pages, and the bus on which the tap listens
REDIS_URL = read.url("REDIS_URL", f"unix://{STATE}/broker.sock", ("redis", "rediss", "unix"))
LIVEKIT_REDIS_URL = read.url("LIVEKIT_REDIS_URL", REDIS_URL, ("redis", "rediss", "unix"))

DATABASES = {"default": read.database("DATABASE_URL", f"sqlite:///{STATE}/db.sqlite3")}
if "sqlite" in DATABASES["default"]["ENGINE"]:
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["OPTIONS"] = {
        # A connection for each thread of a worker, held while its task runs.
        "pool": False if TESTING else {"min_size": 1, "max_size": 10},
        # A call on its way to the screen asks the same dozen questions each time: PostgreSQL plans
        # them once. Our own pool keeps the connections, so nobody else's may stand in between.
        "server_side_binding": True,
        "prepare_threshold": 5,
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "auditlog",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "veyra",
    "django.contrib.admin",
    "channels",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_structlog",
    "agentworker",
    "telephony",
    "recordings",
    "monitoring",
]

MIDDLEWARE = [
    "veyra.logs.requests.RequestIds",
    "django.middleware.security.SecurityMiddleware",
    "veyra.headers.Headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "veyra.audit.Actors",
    "allauth.account.middleware.AccountMiddleware",
    "veyra.accounts.sessions.SeenMiddleware",
    "veyra.people.PersonMiddleware",
    "veyra.accounts.second_factor.SecondFactorMiddleware",
]

# Who changed what (veyra.audit): in a table of ours, so that auditlog's own is not made.
AUDITLOG_LOGENTRY_MODEL = "veyra.AuditEntry"
AUDITLOG_STORE_JSON_CHANGES = AUDITLOG_DISABLE_ON_RAW_SAVE = True
AUDITLOG_CID_GETTER = "veyra.audit.request_id"
# Nor knox' table of keys: ours is veyra.ApiKey.
MIGRATION_MODULES = {"auditlog": None, "knox": None}

ROOT_URLCONF = "veyra.urls"
ASGI_APPLICATION = "veyra.asgi.application"
AUTH_USER_MODEL = "veyra.User"
LOGIN_URL, LOGIN_REDIRECT_URL = "admin:login", "admin:index"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{each}"}
    for each in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# Logging in (veyra.accounts). Wrong passwords are counted by us, in rows, for all web processes.
ACCOUNT_ADAPTER = "veyra.accounts.adapter.AccountAdapter"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Veyra: "
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_FORMS = {"login": "veyra.accounts.forms.LoginForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None}
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
MFA_ADAPTER = "veyra.accounts.adapter.FactorAdapter"
MFA_ALLOW_UNVERIFIED_EMAIL = MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "activate_totp": "veyra.accounts.forms.AppForm",
    "authenticate": "veyra.accounts.forms.CodeForm",
    "reauthenticate": "veyra.accounts.forms.CodeAgainForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Veyra"
# Clocks of telephones go half a minute wrong.
MFA_TOTP_TOLERANCE = 1
# Browsers call the machine itself safe, also without https.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = PUBLIC_URL.startswith("http://")
# Groups whose people need a second factor, and superusers with them; ours of tests log in without.
SECOND_FACTOR_ROLES = () if TESTING else ("Owner", "Engineer")

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "veyra.accounts.frame.frame",
            ]
        },
    }
]

LANGUAGE_CODE = "ru"
LANGUAGES = [("ru", _("Russian")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = read.choice(
    "TIME_ZONE",
    "Europe/Moscow",
    lambda name: name in zoneinfo.available_timezones(),
    "Write a name such as Europe/Moscow or UTC.",
)
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["veyra.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = STATE / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "veyra.compressing.OurStaticFiles"
    },
}
MEDIA_ROOT = STATE / "media"
SPOOL_DIR = STATE / "spool"
# Where backups lie, and how many of them stay: of days, weeks and months
BACKUP_DIR = Path(read.text("BACKUP_DIR", f"{STATE}/backups"))
BACKUP_KEEP = read.three("BACKUP_KEEP", "7,4,6")

EMAIL_TIMEOUT = 15
EMAIL_CONFIG = environ.Env.email_url_config(read.text("EMAIL_URL", "consolemail://"))
vars().update(EMAIL_CONFIG)
# Who letters are from: the mailbox that they are sent through, where its login is its address.
DEFAULT_FROM_EMAIL = read.text(
    "EMAIL_FROM",
    EMAIL_CONFIG["EMAIL_HOST_USER"]
    if "@" in (EMAIL_CONFIG.get("EMAIL_HOST_USER") or "")
    else f"veyra@{urlsplit(PUBLIC_URL).hostname}",
)

# Hosts inside our own network that alarms may go to; all others have to be out in the world
ALARM_HOSTS = read.names("ALARM_HOSTS", [])
# Likewise: where speech and thought may be asked for, by addresses that people type
PROVIDER_NETWORKS = read.names("PROVIDER_NETWORKS", [])
# A file with the certificate of the authority that vouches for Sber, believed for Sber alone
SBER_CA_FILE = read.text("SBER_CA_FILE")

SECURE_CONTENT_TYPE_NOSNIFF = SESSION_COOKIE_HTTPONLY = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if not DEBUG else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https")
CSRF_FAILURE_VIEW = "veyra.people.not_sent"
# Browsers that came by https once never come by http again, for a year. That subdomains do not
# either, and a browser's own list of such names, are for the owner of the domain to decide; and
# from http to https leads whoever stands in front of us, as Caddy does by itself.
SECURE_HSTS_SECONDS = 31_536_000 if PUBLIC_URL.startswith("https") and not DEBUG else 0
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
X_FRAME_OPTIONS = "DENY"
# The largest webhook seen from LiveKit is a few kilobytes; see telephony.webhook_door.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
# A form of "Who answers" sends a field for each number that it names; a long line has 10,000.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000

CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    if TESTING
    else {
        # The queue-based layer of channels-redis drops every socket when the broker restarts.
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}

# What a process may tell for some seconds without asking the database again
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.dummy.DummyCache"
        if TESTING
        else "django.core.cache.backends.locmem.LocMemCache"
    }
}

CELERY_BROKER_URL = "memory://" if TESTING else REDIS_URL.replace("unix://", "redis+socket://", 1)
# max_retries: who announces work does not wait for a broker that is away; beat looks anyway.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
    "max_retries": 0,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A broker that answers with an error (it loads, it became a replica, its disk is full) is waited
# for like one that is away; else the worker ends.
CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
QUEUES = ("default", "livekit", "hands", "calls", "slow", "saving")
CELERY_TASK_ROUTES = {
    "telephony.apply": {"queue": "livekit"},
    # Long work, which nothing else waits behind.
    "agentworker.rehearse": {"queue": "slow"},
    "agentworker.sum_up": {"queue": "slow"},
    "agentworker.test_keys": {"queue": "slow"},
    "monitoring.file": {"queue": "slow"},
    # It removes what the same worker wrote.
    "monitoring.tidy": {"queue": "slow"},
    "monitoring.mail": {"queue": "slow"},
    "monitoring.notices": {"queue": "slow"},
    "recordings.guarantee": {"queue": "slow"},
    "monitoring.caller_file": {"queue": "slow"},
    "monitoring.support": {"queue": "slow"},
    "monitoring.forget": {"queue": "slow"},
    "monitoring.upkeep": {"queue": "slow"},
    "recordings.keep": {"queue": "slow"},
    # What was said must be heard soon, whatever file is made or caller is erased meanwhile.
    "recordings.save": {"queue": "saving"},
    "recordings.tidy": {"queue": "slow"},
    # They wait for telephones to ring, each in a thread: nothing else waits behind them.
    "telephony.dial": {"queue": "calls"},
    "telephony.transfer": {"queue": "calls"},
    "telephony.testcall": {"queue": "calls"},
    # What staff do to a call at once, whatever rings.
    "telephony.act": {"queue": "hands"},
    "telephony.asked": {"queue": "hands"},
    "recordings.order": {"queue": "hands"},
    "telephony.ring": {"queue": "hands"},
    "telephony.attend": {"queue": "hands"},
    "telephony.speak": {"queue": "hands"},
    "recordings.look": {"queue": "hands"},
    "recordings.fetch": {"queue": "slow"},
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = {
    "apply": {"task": "telephony.apply", "schedule": 30.0},
    "fold": {"task": "telephony.fold", "schedule": 2.0},
    "dial": {"task": "telephony.dial", "schedule": 5.0},
    "rehearse": {"task": "agentworker.rehearse", "schedule": 15.0},
    "sum_up": {"task": "agentworker.sum_up", "schedule": 30.0},
    "test_keys": {"task": "agentworker.test_keys", "schedule": 15.0},
    "act": {"task": "telephony.act", "schedule": 5.0},
    "asked": {"task": "telephony.asked", "schedule": 5.0},
    "transfer": {"task": "telephony.transfer", "schedule": 5.0},
    "overdue": {"task": "telephony.overdue", "schedule": 5.0},
    "attend": {"task": "telephony.attend", "schedule": 5.0},
    "speak": {"task": "telephony.speak", "schedule": 5.0},
    "observe": {"task": "telephony.observe", "schedule": 15.0},
    "look": {"task": "recordings.look", "schedule": 5.0},
    "fetch": {"task": "recordings.fetch", "schedule": 60.0},
    "testcall": {"task": "telephony.testcall", "schedule": 15.0},
    "planned": {"task": "telephony.planned", "schedule": 15.0},
    "call_backs": {"task": "telephony.call_backs", "schedule": 10.0},
    "tidy": {"task": "telephony.tidy", "schedule": 3600.0},
    "file": {"task": "monitoring.file", "schedule": 15.0},
    "mail": {"task": "monitoring.mail", "schedule": 60.0},
    "notices": {"task": "monitoring.notices", "schedule": 20.0},
    "caller_file": {"task": "monitoring.caller_file", "schedule": 15.0},
    "support": {"task": "monitoring.support", "schedule": 15.0},
    "forget": {"task": "monitoring.forget", "schedule": 60.0},
    "upkeep": {"task": "monitoring.upkeep", "schedule": 60.0},
    "keep": {"task": "recordings.keep", "schedule": 300.0},
    "tidy_files": {"task": "monitoring.tidy", "schedule": 3600.0},
    "expect": {"task": "recordings.expect", "schedule": 30.0},
    "guarantee": {"task": "recordings.guarantee", "schedule": 3600.0},
    "save": {"task": "recordings.save", "schedule": 5.0},
    "tidy_recordings": {"task": "recordings.tidy", "schedule": 3600.0},
    "pulse": {"task": "monitoring.pulse", "schedule": 5.0},
    "health": {
        "task": "monitoring.look",
        "schedule": 5.0,
        # The next one looks at all that is due.
        "options": {"expire_seconds": 10},
    },
    "recover": {"task": "monitoring.recover", "schedule": 5.0},
    "count": {"task": "monitoring.count", "schedule": 15.0},
    "test_calls": {"task": "monitoring.test_calls", "schedule": 30.0},
    "alarm": {"task": "monitoring.alarm", "schedule": 5.0},
    "hooks": {"task": "monitoring.hooks", "schedule": 2.0},
    # Each queue shows by this that somebody works it off.
    **{
        f"pulse_{queue}": {
            "task": "monitoring.pulse",
            "schedule": 5.0,
            # What waits for a worker that is away is not done all at once when it is back.
            "options": {"queue": queue, "expire_seconds": 30},
        }
        for queue in QUEUES
        if queue != CELERY_TASK_DEFAULT_QUEUE
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "veyra.rest.auth.KeyAuthentication",
        "veyra.rest.auth.StaffSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["veyra.rest.auth.Rights"],
    "DEFAULT_THROTTLE_CLASSES": ["veyra.rest.auth.KeyThrottle"],
    "DEFAULT_PAGINATION_CLASS": "veyra.rest.pages.Pages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "veyra.rest.schema.Schema",
    "EXCEPTION_HANDLER": "veyra.rest.problems.handler",
}
# Keys for other programs (veyra.rest)
KNOX_TOKEN_MODEL = "veyra.ApiKey"  # noqa: S105  # a name
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "TOKEN_PREFIX": "veyra_"}
SPECTACULAR_SETTINGS = {
    "TITLE": "Veyra",
    "DESCRIPTION": "The phone line for other programs: who calls, who answers, and what was said.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "CallState": "telephony.models.Call.State",
        "PlacingState": "telephony.models.OutboundCall.State",
        "ActionState": "telephony.models.CallAction.State",
        "ActionKind": "telephony.models.CallAction.Kind",
        "RecordingState": "recordings.models.Recording.State",
        "RecordingKind": "recordings.models.Recording.Kind",
        "RoomKind": "telephony.models.RoomKind",
        "IncidentState": "monitoring.models.Incident.State",
        "NoteKind": "monitoring.models.IncidentNote.Kind",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# What is a request or a task says so in each of its lines. That one came is no news: pages ask
# every few seconds.
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_STATUS_DEFAULT_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_STATUS_2XX_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO
# Of these that are meant so, as "not ready". One that is not has an exception, and is an error.
DJANGO_STRUCTLOG_STATUS_5XX_LOG_LEVEL = logging.WARNING
DJANGO_STRUCTLOG_CELERY_DEFAULT_LOG_LEVEL = logging.DEBUG
LOGS = STATE / "logs"
# Where LiveKit's programs write theirs, if they write them where the web can read them.
LINE_LOGS = Path(read.text("LINE_LOGS", str(LOGS)))
# What no log, file or backup may hold (veyra.logs.redacting, monitoring.logs.leaks)
OWN_SECRETS = secrets_in(
    *(SECRET_KEY, *FIELD_KEYS, LIVEKIT_API_SECRET, REDIS_URL, LIVEKIT_REDIS_URL),
    *(pair.partition(":")[2] for pair in (LIVEKIT_SECOND_KEY, LIVEKIT_LEAVING_KEY)),
    str(EMAIL_CONFIG["EMAIL_HOST_PASSWORD"] or ""),
    str(DATABASES["default"].get("PASSWORD") or ""),
)
LOGGING = logging_config(
    LOGS, OWN_SECRETS, "" if TESTING else "monitoring.logs.keeping.ErrorKeeper"
)

if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

SETTINGS_PROBLEMS = read.problems
