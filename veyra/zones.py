"""Time zones as people choose them: Russian ones by their cities, with the hours from UTC."""

import zoneinfo
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

# Names that people know; zoneinfo also lists aliases such as "Etc/GMT+5" and "SystemV/…".
REGIONS = ("Europe", "Asia", "Africa", "America", "Atlantic", "Australia", "Indian", "Pacific")

# Cities by which people know a zone; who has none here finds it by its own name.
CITIES: Mapping[str, Promise] = {
    "Europe/Kaliningrad": _("Kaliningrad"),
    "Europe/Moscow": _("Moscow, Saint Petersburg, Kazan, Krasnodar"),
    "Europe/Samara": _("Samara, Izhevsk"),
    "Asia/Yekaterinburg": _("Yekaterinburg, Chelyabinsk, Ufa, Perm, Tyumen"),
    "Asia/Omsk": _("Omsk"),
    "Asia/Novosibirsk": _("Novosibirsk, Krasnoyarsk, Barnaul, Tomsk"),
    "Asia/Irkutsk": _("Irkutsk, Ulan-Ude"),
    "Asia/Yakutsk": _("Yakutsk, Chita, Blagoveshchensk"),
    "Asia/Vladivostok": _("Vladivostok, Khabarovsk"),
    "Asia/Magadan": _("Magadan, Yuzhno-Sakhalinsk"),
    "Asia/Kamchatka": _("Petropavlovsk-Kamchatsky, Anadyr"),
}

Choices = list[tuple[str, str]]


def zones() -> list[tuple[str, Choices]]:
    """Groups of choices: Russian cities first."""
    now = timezone.now()
    known = [(name, f"{cities} ({_offset(name, now)})") for name, cities in CITIES.items()]
    names = sorted(n for n in zoneinfo.available_timezones() if n.split("/")[0] in REGIONS)
    others = [(name, name.replace("_", " ")) for name in ["UTC", *names] if name not in CITIES]
    return [(gettext("Russia"), known), (gettext("All others"), others)]


def _offset(name: str, now: datetime) -> str:
    at = now.astimezone(zoneinfo.ZoneInfo(name)).utcoffset() or timedelta()
    return f"UTC{at.total_seconds() / 3600:+g}"
