"""Each address that staff can type leads out into the world, or nowhere: those that lead inside are
refused with a sentence, in whatever clothes they come.

The fields are found from the forms: one that looks like an address and is neither judged here nor
named with a reason is a new door that nobody has thought of.
"""

import asyncio
import importlib
import pkgutil
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from django import forms
from django.conf import LazySettings
from django.contrib import admin
from django.test import RequestFactory
from django.utils import translation

from agentworker.key_forms import KeyForm
from agentworker.providers import PROVIDERS
from agentworker.tools.errand import Errand, ErrandError, run
from monitoring.alarms.forms import ChannelForm, WatchForm
from monitoring.alarms.kinds import KINDS
from monitoring.hooks import sending
from monitoring.hooks.forms import HookForm
from monitoring.hooks.sending import Parcel
from recordings.ingress_forms import IngressForm
from recordings.storage_forms import StorageForm
from recordings.stream_views import AddressForm, StreamForm
from tests.alarms.servers import Web, serve
from veyra.models import User

pytestmark = pytest.mark.django_db
LOOKS_LIKE = re.compile(r"url|host|server|endpoint|proxy|address|webhook|source$|register_at")
Judge = Callable[[str], str]
# As people, names and other programs write them.
INSIDE = (
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "localhost"),
    *("10.0.0.7", "172.16.3.4", "192.168.1.1", "100.64.0.1", "169.254.169.254", "224.0.0.1"),
    *("[::1]", "[::]", "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]", "[2002:a00:1::]", "[fd00::1]"),
    *("[fe80::1]", "[fd00:ec2::254]", "[fec0::1]", "inside.example", "half.example"),
)
# Where no storage and no server of streams can stand, though those may be inside.
NOWHERE = ("169.254.169.254", "2852039166", "0", "224.0.0.1", "[fe80::1]", "cloud.example")
NAMES = {
    "localhost": ["127.0.0.1"],
    "inside.example": ["10.0.0.9"],
    "half.example": ["93.184.216.34", "10.0.0.9"],
    "cloud.example": ["169.254.169.254"],
    "world.example": ["93.184.216.34"],
}


@pytest.fixture(autouse=True)
def _world(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No host inside is named, and a name server that knows few names."""
    settings.ALARM_HOSTS = settings.PROVIDER_NETWORKS = []
    real = socket.getaddrinfo

    def answer(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in NAMES:
            return real(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in NAMES[host]]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with translation.override("en"):
        yield


def refusal(form: forms.BaseForm, field: str) -> str:
    """What the form says against this field; "" where it says nothing."""
    return " ".join(map(str, form.errors.get(field) or ()))


def _hook(host: str) -> str:
    given = {"name": "x", "language": "en", "kinds": ["call.ended"], "url": f"https://{host}/x"}
    owner = User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("o")
    return refusal(HookForm(given, user=owner), "url")


def _asked(host: str) -> str:
    """It is asked when an assistant is tried, or a text is read in: then it is judged."""
    try:
        asyncio.run(run(Errand("GET", f"http://{host}/x", seconds=2)))
    except ErrandError as error:
        return str(error.sentence) if "host" in error.sentence.values else ""
    return ""


def _storage(host: str) -> str:
    return refusal(StorageForm({"kind": "s3", "endpoint": f"http://{host}:9000"}), "endpoint")


def _stream(form: type[AddressForm]) -> Judge:
    return lambda host: refusal(form({"server": f"rtmp://{host}/live", "key": "x"}), "server")


FORMS: Mapping[str, Judge] = {
    "monitoring.hooks.forms.HookForm.url": _hook,
    "monitoring.alarms.forms.WatchForm.url": lambda host: refusal(
        WatchForm({"url": f"https://{host}/x"}), "url"
    ),
    "monitoring.alarms.forms.WatchForm.proxy": lambda host: refusal(
        WatchForm({"proxy": f"http://{host}:3128"}), "proxy"
    ),
    "recordings.ingress_forms.IngressForm.source": lambda host: refusal(
        IngressForm({"kind": "url", "source": f"https://{host}/x"}), "source"
    ),
    "agentworker.parts.tool_forms.HttpForm.url": _asked,
    "agentworker.parts.knowledge.KnowledgePart.address": _asked,
}
# They may be inside: a disk in the same room, a server of streams of one's own.
MAY_BE_INSIDE: Mapping[str, Judge] = {
    "recordings.storage_forms.StorageForm.endpoint": _storage,
    "recordings.stream_views.AddressForm.server": _stream(AddressForm),
    "recordings.stream_views.StreamForm.server": _stream(StreamForm),
}
SIP = "of a telephone exchange, which is called and never asked by HTTP; it often stands inside"
NOT_ASKED = {
    **{f"telephony.forms.TrunkForm.{name}": SIP for name in ("addresses", "out_address")},
    **{f"telephony.forms.TrunkForm.{name}": SIP for name in ("register_at", "register_proxy")},
    "telephony.forms.TrunkForm.out_from_host": "a name that is shown to the provider",
    "telephony.forms.GatewayForm.host": "our own, which is shown to people",
    "telephony.sign_in_forms.SignInForm.register_at": SIP,
    "telephony.sign_in_forms.CorrectionForm.register_at": SIP,
    "telephony.wizard_forms.ConnectForm.addresses": SIP,
    "telephony.wizard_forms.LoginForm.register_at": SIP,
    "telephony.wizard_forms.LoginForm.register_proxy": SIP,
    "monitoring.mail_views.MailingForm.addresses": "mailboxes",
}


def _channel(kind: str, name: str) -> Judge:
    field = next((each for each in KINDS[kind].fields if each.name == name), None)
    is_bare = field is None or re.fullmatch(field.path, "")
    path = "" if is_bare else "/hooks/abcdefghijklmnopqrstuvwxyz"

    def judge(host: str) -> str:
        typed = host if field and field.shape == "host" else f"http://{host}{path}"
        return refusal(ChannelForm({name: typed}, kind=kind), name)

    return judge


def _provider(slug: str, name: str) -> Judge:
    provider = PROVIDERS[slug]
    return lambda host: refusal(KeyForm({name: f"http://{host}/v1"}, provider=provider), name)


def dynamic() -> Iterator[tuple[str, Judge]]:
    """Fields that forms get from tables: channels of alarms, providers of speech."""
    for slug, kind in KINDS.items():
        shaped = [each.name for each in kind.fields if each.shape in ("url", "host")]
        # Where a service has but one host, no other is taken at all.
        fixed = {each.name for each in kind.fields if each.host}
        for name in (*(set(shaped) - fixed), *(["proxy"] if kind.proxied else [])):
            yield f"channel {slug}.{name}", _channel(slug, name)
    for slug, provider in PROVIDERS.items():
        names = [each.name for each in provider.fields if LOOKS_LIKE.search(each.name)]
        if slug == "http":
            # Whom a tool's key may be shown to; what is asked is the address of the tool.
            names.remove("host")
        proxies = ["proxy"] if provider.fields and provider.check else []
        for name in (*names, *proxies):
            yield f"provider {slug}.{name}", _provider(slug, name)


JUDGED: Mapping[str, Judge] = {**FORMS, **dict(sorted(dynamic()))}


def modules() -> Iterator[Any]:
    for root in ("veyra", "agentworker", "telephony", "recordings", "monitoring"):
        package = importlib.import_module(root)
        for module in pkgutil.walk_packages(package.__path__, f"{root}."):
            if not re.search(r"\.(migrations|management|up|asgi)\b", module.name):
                yield importlib.import_module(module.name)


def typed_fields(rf: RequestFactory) -> set[str]:
    """Each field of a text in each form, also of those that the admin makes of a model."""
    found = set()
    for module in modules():
        for name, kind in vars(module).items():
            if isinstance(kind, type) and issubclass(kind, forms.BaseForm):
                fields = (
                    getattr(kind, "base_fields", {}) if kind.__module__ == module.__name__ else {}
                )
                found |= {f"{kind.__module__}.{name}.{field}" for field in _texts(fields)}
    request = rf.get("/")
    request.user = User.objects.create_superuser("reader")
    for page in admin.site._registry.values():
        # Those of ours are found above; these the admin makes of a model.
        is_plain = page.form.__module__.startswith(("django.", "unfold."))
        if is_plain and (page.has_change_permission(request) or page.has_add_permission(request)):
            fields = page.get_form(request).base_fields
            found |= {f"{type(page).__name__}.{field}" for field in _texts(fields)}
    return found


def _texts(fields: Mapping[str, forms.Field]) -> Iterator[str]:
    for name, field in fields.items():
        if isinstance(field, forms.CharField) and not isinstance(field, forms.EmailField):
            yield name


def test_every_address_that_staff_can_type_is_judged(rf: RequestFactory) -> None:
    found = {each for each in typed_fields(rf) if LOOKS_LIKE.search(each.rpartition(".")[2])}
    known = {*FORMS, *MAY_BE_INSIDE, *NOT_ASKED}
    assert (sorted(found - known), sorted(known - found)) == ([], [])


@pytest.mark.parametrize("field", JUDGED)
def test_what_leads_inside_is_refused_with_a_sentence(field: str) -> None:
    taken = [host for host in INSIDE if not JUDGED[field](host)]
    assert taken == []


@pytest.mark.parametrize("field", [each for each in JUDGED if JUDGED[each] is not _asked])
def test_what_leads_out_is_taken(field: str) -> None:
    """So that no judge refuses whatever comes."""
    assert JUDGED[field]("world.example") == ""


@pytest.mark.parametrize("field", MAY_BE_INSIDE)
def test_no_storage_and_no_stream_leads_to_what_a_cloud_tells_of_itself(field: str) -> None:
    judge = MAY_BE_INSIDE[field]
    assert [host for host in NOWHERE if not judge(host)] == []
    assert judge("10.0.0.7") == "" and judge("world.example") == ""


@pytest.mark.parametrize("field", sorted({*JUDGED, *MAY_BE_INSIDE}))
@pytest.mark.parametrize("host", ["[::1", "]", "a b", "%00", "xn--", "a" * 300])
def test_what_is_no_address_is_no_fault_of_ours(field: str, host: str) -> None:
    {**JUDGED, **MAY_BE_INSIDE}[field](host)


def leads(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    """What a name leads to at each look; the last for ever."""
    real, left = socket.getaddrinfo, list(answers)

    def answer(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host != "moves.example":
            return real(host, port, *args, **kwargs)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


def sent(url: str) -> str:
    (outcome,) = sending.send([Parcel(1, url, "secret", "test", "1", b"{}")])
    return str(outcome.why or "")


def test_a_name_that_leads_inside_after_it_was_saved_is_not_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serve(Web()) as web:
        port = web.url.rpartition(":")[2]
        leads(monkeypatch, "93.184.216.34", "127.0.0.1")
        assert _hook("moves.example") == ""
        assert "inside our own network" in sent(f"http://moves.example:{port}/x")
        assert _asked(f"moves.example:{port}") and not web.asked


def test_who_answers_with_another_address_leads_nowhere(settings: LazySettings) -> None:
    settings.ALARM_HOSTS = settings.PROVIDER_NETWORKS = ["127.0.0.1"]
    with serve(Web()) as inside, serve(Web()) as door:
        port = inside.url.rpartition(":")[2]
        door.answer = lambda asked: (302, {"Location": f"http://10.0.0.7:{port}/x"})
        assert "302" in sent(f"{door.url}/x")
        assert not inside.asked and len(door.asked) == 1
