"""What `django-admin startproject` sets, on the same database and broker as Veyra's."""

from veyra.settings import *  # noqa: F403  # the opponent differs only in what follows

ROOT_URLCONF = "tests.bench.bare.urls"
ASGI_APPLICATION = "tests.bench.bare.asgi.application"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # The library of the login, which is installed here too, refuses to start without it.
    "allauth.account.middleware.AccountMiddleware",
]
CELERY_TASK_DEFAULT_QUEUE = "bare"
