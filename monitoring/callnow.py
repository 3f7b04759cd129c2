""" "Call this line now": from the browser, and by our own telephone."""

import json
import secrets
import uuid
from pathlib import Path

from django.conf import settings
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from telephony import routehours, routetest, testcalls
from telephony.models import Call, DispatchRule, PhoneNumber, RoomKind, TestCall
from telephony.routing.route import Question, Route
from telephony.standing import Standing
from veyra.doors import staff_page
from veyra.livekit.tokens import caller_token
from veyra.livekit.types import AGENT_NAME, AgentDispatch
from veyra.models import User
from veyra.ranges import file_response
from veyra.sentences import Sentence

SHOWN = 5


@staff_page("telephony.add_testcall")
def page(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """Both ways to call a number, and what the last test calls heard."""
    number = get_object_or_404(PhoneNumber.objects.visible_to(user), pk=pk)
    route = _route(number)
    context = {
        **admin.site.each_context(request),
        "title": _("Call this line now"),
        "number": number,
        "rule": _rule_of(route, user),
        "closed": _closed(route),
        "standing": Standing.of(number),
        "has_entrance": bool(settings.SIP_TEST_TO) and not settings.LIVEKIT_SIMULATED,
        **_tests(number, user),
    }
    return render(request, "monitoring/callnow.html", context)


@staff_page("telephony.add_testcall")
def tests(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """The test calls alone, for the page that waits for one."""
    number = get_object_or_404(PhoneNumber.objects.visible_to(user), pk=pk)
    return render(request, "monitoring/_tests.html", {"number": number, **_tests(number, user)})


def _tests(number: PhoneNumber, user: User) -> dict[str, object]:
    asked = list(TestCall.objects.visible_to(user).of_number(number)[:SHOWN])
    callers = {testcalls.USER_PREFIX + test.pk.hex[:8]: test for test in asked}
    calls = Call.objects.visible_to(user).from_callers(callers)
    call_of = {callers[call.from_number].pk: call for call in calls}
    rows = [
        {"test": test, "result": Sentence.from_json(test.result), "call": call_of.get(test.pk)}
        for test in asked
    ]
    done = (TestCall.State.DONE, TestCall.State.FAILED)
    return {"tests": rows, "waiting": any(test.state not in done for test in asked)}


def rule_for(number: PhoneNumber, user: User) -> DispatchRule | None:
    """The rule that takes a call from a caller whom no rule names, as LiveKit decides it.

    Where callers are asked for a PIN, the first that leads anywhere counts as typed. None where
    nobody would speak.
    """
    return _rule_of(_route(number), user)


def _route(number: PhoneNumber) -> Route:
    return routetest.ask(Question(called=number.number, exact=True)).route


def _closed(route: Route) -> Sentence | None:
    """What callers meet now instead; None: it is open."""
    now = timezone.now()
    ruling = routehours.ruling_of(route, now)
    return routehours.headline(ruling, now) if ruling.is_closed else None


def _rule_of(route: Route, user: User) -> DispatchRule | None:
    keys = [way.rule.key for way in route.ways if way.answers]
    rules = DispatchRule.objects.visible_to(user).select_related("agent")
    return rules.filter(key=keys[0]).first() if keys else None


@require_POST
@staff_page("telephony.add_testcall")
def from_browser(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """A token for one call, {"url", "token", "call"}; the call is made when the browser enters."""
    number = get_object_or_404(PhoneNumber.objects.visible_to(user), pk=pk)
    rule = rule_for(number, user)
    if rule is None:
        text = _("Nobody answers this number. Choose who answers, then call again.")
        return JsonResponse({"error": text}, status=409)
    call = uuid.uuid4()
    token = caller_token(
        identity=f"browser-{call}",
        name=user.get_full_name() or user.get_username(),
        room=room_of(rule),
        attributes={
            "veyra.call": str(call),
            "veyra.role": "browser",
            "veyra.rule": str(rule.key),
            # Under the gateway's own names, so that a call is read alike wherever it came from.
            "sip.phoneNumber": user.get_username(),
            "sip.trunkPhoneNumber": number.number,
        },
        dispatch=AgentDispatch(agent_name=AGENT_NAME, metadata=brief(rule)),
    )
    url = reverse("call", args=[call])
    return JsonResponse({"url": settings.LIVEKIT_PUBLIC_URL, "token": token, "call": url})


def room_of(rule: DispatchRule) -> str:
    """The shared room, or a new one of the rule's own."""
    if rule.kind == RoomKind.DIRECT:
        return rule.room
    return f"{rule.room}browser-{secrets.token_hex(6)}"


def brief(rule: DispatchRule) -> str:
    return json.dumps({"agent": str(rule.agent.key), "rule": str(rule.key)})


@require_POST
@staff_page("telephony.add_testcall")
def by_telephone(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """Ask our own telephone to call; the page shows what comes of it."""
    number = get_object_or_404(PhoneNumber.objects.visible_to(user), pk=pk)
    testcalls.ask(number, user)
    return redirect("number-call", pk=number.pk)


@staff_page("telephony.view_testcall")
def heard(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponseBase:
    """What our telephone heard, for a player that seeks."""
    test = get_object_or_404(TestCall.objects.visible_to(user).with_sound(), pk=pk)
    try:
        return file_response(request, Path(settings.MEDIA_ROOT) / test.heard, "audio/wav")
    except OSError:
        raise Http404 from None
