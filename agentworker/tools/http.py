"""A tool that asks an address of the staff's own: a shop's orders, a clinic's free hours."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

from django.utils.translation import gettext_lazy as _

from agentworker.providers.catalog import Access
from agentworker.providers.http import HOST
from agentworker.tools.errand import Answer, Errand, ErrandError, parsed, run
from agentworker.tools.kind import Config, Done, Kind, Parameter, Scene
from agentworker.tools.line import Unable

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
# In a header's value: the secret of the chosen key.
KEY = "{key}"
PLACE = re.compile(r"\{(\w+)\}")
SECONDS, MOST_SECONDS = 5.0, 15.0
# Of what was read, so much is told to the mind.
LONGEST_TOLD, LONGEST_SENT = 2000, 500

SAID = {
    "ru": {
        "about": "Узнаёт или делает что-то в системе компании.",
        "failed": "К сожалению, сейчас не получилось это узнать.",
        "done": "Готово.",
        "nothing": "нет данных",
    },
    "en": {
        "about": "Looks something up, or does it, in the company's system.",
        "failed": "I am sorry, I could not find that out just now.",
        "done": "Done.",
        "nothing": "no data",
    },
}


def errand_of(config: Config, args: Mapping[str, Any], access: Access | None) -> Errand:
    """Pure. What the mind filled in goes into the places of the address; what has no place there
    goes after a question mark, or as JSON.
    """
    names = [str(each["name"]) for each in config.get("sends", ())]
    sent = {
        name: str(args[name])[:LONGEST_SENT] for name in names if args.get(name) not in (None, "")
    }
    url = str(config["url"])
    places = set(PLACE.findall(url))
    url = PLACE.sub(lambda place: _step(sent.get(place[1], "")), url)
    rest = {name: value for name, value in sent.items() if name not in places}
    method = str(config.get("method") or "GET")
    if method not in WITH_BODY and rest:
        asked = "&".join(f"{quote(name, safe='')}={quote(v, safe='')}" for name, v in rest.items())
        url += ("&" if "?" in url else "?") + asked
    headers, private = headers_of(config, access if is_for(access, url) else None)
    return Errand(
        method,
        url,
        headers,
        private,
        body=rest if method in WITH_BODY else None,
        seconds=min(float(config.get("seconds") or SECONDS), MOST_SECONDS),
    )


def _step(value: str) -> str:
    """In its place of an address, from which dots would lead to another one."""
    return quote(value, safe="") if value.strip(".") else ""


def is_for(access: Access | None, url: str) -> bool:
    """A key is sent to the host that its owner named, and nowhere else."""
    host = urlsplit(url).hostname or ""
    return access is not None and host == access.settings.get(HOST, "").casefold()


def headers_of(config: Config, access: Access | None) -> tuple[dict[str, str], dict[str, str]]:
    """Those that anybody may see, and those with the key in them, which none has without it."""
    secret = access.secret if access else ""
    written = {str(each["name"]): str(each["value"]) for each in config.get("headers", ())}
    private = {n: v.replace(KEY, secret) for n, v in written.items() if KEY in v and secret}
    return {n: v for n, v in written.items() if KEY not in v}, private


def told_of(config: Config, text: str, language: str) -> str:
    """Pure. What the mind hears of an answer: the values that staff want read, or all of it."""
    reads = config.get("reads") or ()
    if not reads:
        return " ".join(text.split())[:LONGEST_TOLD]
    found = parsed(text)
    values = {str(each["name"]): value_at(found, str(each["path"])) for each in reads}
    nothing = SAID[language]["nothing"]
    lines = (f"{name}: {nothing if value is None else value}" for name, value in values.items())
    return "\n".join(lines)[:LONGEST_TOLD]


def value_at(found: Any, path: str) -> Any:
    """ "order.items.0.title" in JSON; None: there is nothing."""
    for step in filter(None, path.replace("[", ".").replace("]", "").split(".")):
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found


def redacted(text: str, access: Access | None) -> str:
    """An address that answers what it was sent must not tell the key."""
    return text.replace(access.secret, "…") if access and len(access.secret) > 3 else text


async def ask(config: Config, args: Mapping[str, Any], access: Access | None) -> Answer:
    """Raises ErrandError."""
    answer = await run(errand_of(config, args, access))
    return replace(answer, data=redacted(answer.text, access).encode(), charset="")


async def _run(config: Config, scene: Scene, args: Mapping[str, Any]) -> Done:
    said = SAID[scene.language]
    try:
        answer = await ask(config, args, scene.accesses.get(str(config.get("key") or "")))
    except ErrandError as error:
        raise Unable(said["failed"], {"status": error.status}) from error
    told = told_of(config, answer.text, scene.language)
    return Done(told or said["done"], {"status": answer.status})


def _parameters(config: Config, _language: str) -> Sequence[Parameter]:
    return [
        Parameter(
            str(each["name"]), str(each.get("about") or ""), is_required=bool(each.get("required"))
        )
        for each in config.get("sends", ())
    ]


HTTP = Kind(
    "http",
    _("Ask another system"),
    _("An address of your own is asked during the call: the state of an order, free hours."),
    lambda _config, language: SAID[language]["about"],
    _parameters,
    _run,
)
