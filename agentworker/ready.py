"""Imported first by whatever runs in a job process: Django's apps, and the VAD's weights.

A fork server imports it once and all job processes share the result; without one (macOS) each
imports it while it warms up, before any call.
"""

import os

# The local end-of-turn model knows no Russian and takes 244 MB; the VAD is loaded below.
os.environ.setdefault("LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE", "0")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "veyra.settings")

import django  # after the variables that it reads
import livekit.local_inference  # likewise
from django.apps import apps  # likewise
from django.conf import settings  # likewise

if not apps.ready:
    # A job reads once: a pool of connections for each call would exhaust PostgreSQL.
    settings.DATABASES["default"].get("OPTIONS", {}).pop("pool", None)
    django.setup()

livekit.local_inference.init_vad()
