"""Steps that set right what LiveKit and the providers hold, and what we know of calls."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from monitoring.recovery.step import Outcome, Step, failed, waits, worked
from telephony import observing, signing, sync
from telephony.models import Call, PublishedObject, PublishedState, Registration, Trunk
from telephony.watching import Look, Send
from veyra.livekit.client import LiveKit
from veyra.sentences import Sentence

ANSWER_SECONDS = 3.0
# The provider's answer may take half a minute, and a second address as long again.
SIGN_IN = timedelta(seconds=60)
NO_SIGN_IN = _("This connection does not sign in anywhere any more.")


def _publish_again(now: datetime, target: str) -> Outcome:
    results = sync.apply()
    if results is None:
        return worked(_("Another process is publishing just now, what is saved now included."))
    refused = [result for result in results if not result.done]
    if refused:
        msgid = _(
            "LiveKit did not take %(refused)s of %(all)s changes. The page of each number, under"
            " “Objects in LiveKit”, says why."
        )
        return failed(msgid, refused=len(refused), all=len(results))
    if lacking := PublishedObject.objects.exclude(state=PublishedState.LIVE).count():
        msgid = _(
            "LiveKit took %(all)s changes. %(lacking)s objects are not live; their list says why."
        )
        return worked(msgid, all=len(results), lacking=lacking)
    return worked(_("LiveKit has what is saved. It took %(all)s changes."), all=len(results))


def _observe_now(now: datetime, target: str) -> Outcome:
    with LiveKit.from_settings(ANSWER_SECONDS) as livekit:
        livekit.list_rooms()  # the observer would only log that LiveKit is away
    found = observing.observe()
    return worked(_("LiveKit was asked: %(facts)s new facts about calls."), facts=found)


def _dispatch_again(now: datetime, target: str) -> Outcome:
    call = Call.objects.going_on().filter(room_name=target).order_by("-started_at").first()
    if call is None:
        return worked(_("The call is over by now."))
    with LiveKit.from_settings(ANSWER_SECONDS) as livekit:
        seen = Look(livekit, target)()
        if not seen.needs_help:
            return worked(_("Somebody talks to the caller by now, so nobody was sent."))
        Send(livekit, call, seen)()
    return worked(_("Another assistant is on its way to the caller."))


def _sign_in_again(now: datetime, target: str) -> Outcome:
    trunk = _signing_in(target)
    if trunk is None:
        return failed(NO_SIGN_IN)
    Registration.objects.try_again(trunk)
    return waits(_("The sign-in at the provider is tried again."))


def _signed_in(now: datetime, begun: datetime, target: str) -> Outcome | None:
    trunk = _signing_in(target)
    if trunk is None:
        return failed(NO_SIGN_IN)
    stands = signing.of(trunk)
    if stands and stands.is_in:
        return worked(_("“%(trunk)s” is signed in."), trunk=trunk.name)
    if now - begun < SIGN_IN:
        return None
    msgid = _("“%(trunk)s” is still not signed in. The page of the connection says why.")
    return failed(msgid, trunk=trunk.name)


def _signing_in(target: str) -> Trunk | None:
    return Trunk.objects.signing_in().filter(pk=target).first() if target.isdecimal() else None


STEPS = [
    Step(
        name="publish_again",
        title=gettext_lazy("Publish the line again"),
        says=lambda _target: Sentence(
            _(
                "What LiveKit has is compared with what is saved here, and what is missing or"
                " differs is made again. Calls that go on are not touched."
            )
        ),
        run=_publish_again,
        times=6,
    ),
    Step(
        name="observe_now",
        title=gettext_lazy("Ask LiveKit which calls there are"),
        says=lambda _target: Sentence(
            _("LiveKit is asked which calls go on now, and our list is set right by its answer.")
        ),
        run=_observe_now,
        times=10,
    ),
    Step(
        name="dispatch_again",
        title=gettext_lazy("Send another assistant to the caller"),
        says=lambda _target: Sentence(
            _(
                "If nobody talks to the caller, another assistant is sent to him. He stays on the"
                " line."
            )
        ),
        run=_dispatch_again,
    ),
    Step(
        name="sign_in_again",
        title=gettext_lazy("Sign in at the provider again"),
        says=lambda _target: Sentence(
            _(
                "We sign in at the provider at once, instead of at the next turn. Calls that go on"
                " are not touched."
            )
        ),
        run=_sign_in_again,
        later=_signed_in,
    ),
]
