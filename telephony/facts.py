"""What happened: calls, the facts they are folded from, and the callers who were refused."""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from agentworker.models import Session
from agentworker.scope import ScopedQuerySet
from telephony import scope
from telephony.numbers import part_of_any_spelling
from telephony.scope import OfCallsQuerySet
from veyra.models import User
from veyra.parts import PartsIndex

if TYPE_CHECKING:  # it imports us
    pass

# What recorders say of a room that they record and the assistant of its caller's consent, and what
# staff ask for.
OF_RECORDING = (
    *("recording_asked", "recording_agreed", "recording_refused"),
    *("recording_started", "recording_paused", "recording_resumed", "recording_stopped"),
    *("record_start", "record_pause", "record_resume", "record_stop"),
)
# A room's own facts belong to a call from a little before its start to a little after its end.
ROOM_MARGIN = timedelta(seconds=5)


class CallQuerySet(ScopedQuerySet["Call"]):
    def within(self, places: frozenset[int], user: User) -> Self:
        return self.filter(scope.calls(places, user))

    def going_on(self) -> Self:
        return self.exclude(state="ended")

    def ended(self) -> Self:
        return self.filter(state="ended")

    def turned_away(self, since: datetime) -> Self:
        """Callers who were refused before anything of ours could answer."""
        refused = self.filter(direction="inbound", outcome="rejected")
        return refused.filter(started_at__gte=since)

    def uncounted(self) -> Self:
        """Over, and not yet in the totals that machines read."""
        return self.filter(state="ended", is_counted=False)

    def answered(self) -> Self:
        """Somebody spoke to the caller."""
        return self.filter(outcome="answered")

    def lost_since(self, moment: datetime) -> Self:
        """Calls to us that ended since then, and in which nobody talked to the caller to the end.
        Those that stand in the list of calls to return, as the newest of a caller, are left out.
        """
        found = self.filter(direction="inbound", ended_at__gte=moment, outcome__in=Call.LOST)
        found = found.filter(call_backs=None, is_test=False, is_demo=False)
        return found.select_related("number").order_by("started_at")

    def matching(self, text: str) -> Self:
        """Calls from or to a number with these digits, in whatever spelling."""
        part = part_of_any_spelling(text)
        return self.filter(
            models.Q(from_number__icontains=part) | models.Q(to_number__icontains=part)
        )

    def turned_away_since(self, moment: datetime) -> Self:
        """Callers who were not let in."""
        return self.filter(outcome="rejected", started_at__gte=moment, is_test=False).exclude(
            direction="outbound"
        )

    def saying(self, words: str) -> Self:
        """Calls in which somebody said all these words in one breath, in whatever form."""
        found = Session.objects.saying(words)
        phones = Leg.objects.filter(sip_call_id__in=found.values("sip_call_id"))
        browsers = found.filter(sip_call_id="").values("participant_sid")
        legs = Leg.objects.filter(participant_sid__in=browsers)
        # Asked for as one, neither would be looked up by its index.
        return self.filter(pk__in=phones.values("call").union(legs.values("call")))

    def by_keys(self, keys: Iterable[uuid.UUID]) -> Self:
        """The newest first."""
        return self.filter(pk__in=list(keys)).select_related("number", "agent")

    def erased_since(self, moment: datetime) -> Self:
        return self.filter(erased_at__gte=moment)

    def from_callers(self, numbers: Iterable[str]) -> Self:
        """Calls that came from these numbers, as the provider wrote them."""
        return self.filter(from_number__in=list(numbers))


class Call(models.Model):
    """One telephone call as staff see it. Written by the fold alone, from CallEvents."""

    class State(models.TextChoices):
        RINGING = "ringing", _("Ringing")
        ANSWERED = "answered", _("Talking")
        ENDED = "ended", _("Ended")

    class Outcome(models.TextChoices):
        ANSWERED = "answered", _("Answered")
        ABANDONED = "abandoned", _("Caller gave up")
        REJECTED = "rejected", _("Refused")
        FAILED = "failed", _("Failed")
        NO_AGENT = "no_agent", _("Nobody answered")
        CLOSED = "closed", _("Closed at the time")

    # Nobody talked to the caller.
    LOST: ClassVar = (Outcome.NO_AGENT, Outcome.FAILED, Outcome.ABANDONED)

    class Direction(models.TextChoices):
        INBOUND = "inbound", _("Incoming")
        BROWSER = "browser", _("From the browser")
        OUTBOUND = "outbound", _("Outgoing")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    unit = models.CharField(max_length=80, db_index=True)
    direction = models.CharField(
        _("direction"), max_length=8, choices=Direction.choices, default=Direction.INBOUND
    )
    state = models.CharField(_("state"), max_length=8, choices=State.choices)
    outcome = models.CharField(_("outcome"), max_length=9, choices=Outcome.choices, blank=True)
    from_number = models.CharField(_("from"), max_length=100, blank=True)
    to_number = models.CharField(_("to"), max_length=100, blank=True)
    source_ip = models.CharField(_("caller's address"), max_length=64, blank=True)
    # Of a line that signs in: the provider's, and source_ip is our registrar's.
    provider_ip = models.CharField(_("provider's address"), max_length=64, blank=True)
    trunk = models.ForeignKey(
        "telephony.Trunk",
        null=True,
        on_delete=models.SET_NULL,
        related_name="calls",
        verbose_name=_("provider connection"),
    )
    number = models.ForeignKey(
        "telephony.PhoneNumber",
        null=True,
        on_delete=models.SET_NULL,
        related_name="calls",
        verbose_name=_("number"),
    )
    rule = models.ForeignKey(
        "telephony.DispatchRule",
        null=True,
        on_delete=models.SET_NULL,
        related_name="calls",
        verbose_name=_("who answers"),
    )
    agent = models.ForeignKey(
        "agentworker.Agent",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("assistant"),
    )
    room_name = models.CharField(_("room"), max_length=200, blank=True)
    room_sid = models.CharField(_("id of the room"), max_length=64, blank=True)
    started_at = models.DateTimeField(_("started"))
    # A call out: his telephone rang. Null: nobody saw whether it did.
    rang = models.BooleanField(_("it rang there"), null=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    # Known to the second only: no tap was listening, so the answer was seen from afar.
    answered_is_approximate = models.BooleanField(
        _("the time of the answer is approximate"), default=False
    )
    ended_at = models.DateTimeField(_("ended"), null=True)
    # Why it ended as it did, as a code of telephony.reasons; it has a sentence in each language.
    reason = models.CharField(_("reason"), max_length=60, blank=True)
    # What LiveKit, the gateway or the agent said, word for word, for "Details".
    detail = models.TextField(_("what was said of it"), blank=True)
    sip_status = models.PositiveIntegerField(_("SIP code"), null=True)
    codec = models.CharField(_("codec"), max_length=40, blank=True)
    is_test = models.BooleanField(_("test call"), default=False)
    is_demo = models.BooleanField(_("demo"), default=False)
    # Since then nothing tells who called (telephony.forgetting): the fold leaves it as it is.
    erased_at = models.DateTimeField(_("caller erased"), null=True)
    # It is in the totals that machines read (monitoring.metrics), and never counted again.
    is_counted = models.BooleanField(default=False, editable=False)
    # Grows with every change: pages render a version once.
    version = models.PositiveIntegerField(default=0)

    objects = CallQuerySet.as_manager()

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering = ["-started_at"]
        # What staff may do to a call while it goes on, one right for each hand.
        permissions: ClassVar[list[tuple[str, Any]]] = [
            ("hang_up_call", gettext_noop("may hang up")),
            ("transfer_call", gettext_noop("may transfer")),
            ("listen_call", gettext_noop("may listen")),
            ("hint_call", gettext_noop("may give the assistant hints")),
            ("join_call", gettext_noop("may join the talk")),
            ("block_caller", gettext_noop("may block the caller")),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-started_at"], name="call_newest_first"),
            # Else a page of what is rare, as failed calls are, would be looked for in all of them.
            models.Index(fields=["outcome", "-started_at"], name="call_by_outcome"),
            models.Index(fields=["direction", "-started_at"], name="call_by_direction"),
            models.Index(
                fields=["-started_at"], condition=models.Q(is_test=True), name="call_test"
            ),
            models.Index(
                fields=["started_at"], condition=~models.Q(state="ended"), name="call_now"
            ),
            # Calls that ended a moment ago are still on the board.
            models.Index(fields=["ended_at"], name="call_ended"),
            # The newest call to each number of a page.
            models.Index(fields=["number", "-started_at"], name="call_to_number"),
            # Who else called in a room? Asked whenever a recording is made.
            models.Index(fields=["room_sid"], name="call_of_room"),
            # How many of these were there in the last hour? Asked for each refused caller.
            models.Index(
                fields=["source_ip", "started_at"],
                condition=models.Q(outcome="rejected"),
                name="call_rejected",
            ),
            models.Index(fields=["id"], condition=models.Q(is_demo=True), name="call_demo"),
            models.Index(
                fields=["erased_at"], condition=~models.Q(erased_at=None), name="call_erased"
            ),
            models.Index(
                fields=["ended_at"],
                condition=models.Q(state="ended", is_counted=False),
                name="call_uncounted",
            ),
            PartsIndex(fields=["from_number"], name="call_from_parts"),
            PartsIndex(fields=["to_number"], name="call_to_parts"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_outbound(self) -> bool:
        return self.direction == self.Direction.OUTBOUND

    @property
    def outcome_label(self) -> str:
        """The outcome in words; of a call out as whoever placed it would say."""
        label = OUTBOUND_OUTCOMES.get(self.outcome) if self.is_outbound else None
        return str(label or self.get_outcome_display())


OUTBOUND_OUTCOMES: dict[str, Any] = {
    Call.Outcome.ABANDONED: _("Nobody picked up"),
    Call.Outcome.REJECTED: _("Busy or declined"),
    Call.Outcome.NO_AGENT: _("Assistant silent"),
}


# What a row of the board is made of: it is read at every change of every call.
OF_CALL = (
    *("version", "state", "outcome", "direction", "from_number", "to_number", "is_test", "is_demo"),
    *("started_at", "answered_at", "ended_at", "number__label", "agent__name"),
)
SHOWN = ("role", "sip_call_id", "participant_sid", *(f"call__{name}" for name in OF_CALL))


class LegQuerySet(OfCallsQuerySet["Leg"]):
    def others(self) -> Self:
        """The other sides of our calls, each with its call as the board shows it."""
        parties = self.filter(role__in=[Leg.Role.CALLER, Leg.Role.BROWSER, Leg.Role.CALLEE])
        return parties.select_related("call__number", "call__agent").only(*SHOWN)

    def going_on_in_rooms(self) -> Self:
        """Of calls that our assistants answer, each with what the watchdog must know, by room."""
        parties = self.filter(role__in=[Leg.Role.CALLER, Leg.Role.BROWSER, Leg.Role.CALLEE])
        now = parties.filter(~models.Q(call__state="ended"), call__is_demo=False)
        # One that could not start may not have known whose assistant it was.
        failed = CallEvent.objects.failed().filter(room_sid=models.OuterRef("room_sid"))
        came = models.Q(call__agent__isnull=False) | models.Exists(failed)
        ours = now.exclude(room_sid="").filter(came)
        return ours.select_related("call__agent", "call__rule").order_by("room_sid", "pk")

    def in_rooms(self, sids: Iterable[str]) -> Self:
        """Of calls that go on or are over, each with its call."""
        return self.filter(room_sid__in=list(sids)).select_related("call__number", "call__agent")

    def on_board(self, ended_since: datetime) -> Self:
        """Those of the calls of this moment and of those that ended a moment ago."""
        now = models.Q(call__ended_at__gte=ended_since) | ~models.Q(call__state="ended")
        return self.others().filter(now)


class Leg(models.Model):
    """One party of a call: joins the gateway's call id, the participant and the room."""

    class Role(models.TextChoices):
        CALLER = "caller", _("Caller")
        BROWSER = "browser", _("Browser")
        CALLEE = "callee", _("Person called")

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="legs")
    role = models.CharField(max_length=10, choices=Role.choices)
    sip_call_id = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001  # unique, unknown at first
    participant_sid = models.CharField(max_length=64, blank=True, db_index=True)
    identity = models.CharField(max_length=200, blank=True)
    room_sid = models.CharField(max_length=64, blank=True)
    joined_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)

    objects = LegQuerySet.as_manager()

    class Meta:
        verbose_name = _("party")
        verbose_name_plural = _("parties")
        indexes: ClassVar[list[models.Index]] = [
            # The watchdog asks for the parties in rooms all the time.
            models.Index(fields=["room_sid"], name="leg_of_room"),
        ]

    def __str__(self) -> str:
        return self.sip_call_id or self.participant_sid


class CallEventQuerySet(ScopedQuerySet["CallEvent"]):
    def within(self, places: frozenset[int], user: User) -> Self:
        """Those that name a party of such a call."""
        legs = Leg.objects.visible_to(user).order_by()
        phones = legs.filter(sip_call_id=models.OuterRef("sip_call_id"))
        there = legs.filter(participant_sid=models.OuterRef("participant_sid"))
        named = ~models.Q(participant_sid="") & models.Exists(there)
        return self.filter(models.Exists(phones) | named)

    def failed(self) -> Self:
        """That an assistant came and could not start, or broke in the middle."""
        return self.filter(source="agent", kind__in=("failed", "broken"))

    def of_hints(self, call: Call) -> Self:
        """That the assistant has read one (hint_heard), and that it spoke by it (hint_used)."""
        return self.filter(room_sid=call.room_sid, kind__in=("hint_heard", "hint_used"))

    def of_recording(self) -> Self:
        return self.filter(kind__in=OF_RECORDING)

    def of_call(self, call: Call, legs: Iterable[Leg]) -> Self:
        """Facts that name a leg of the call, or its room while the call was in it, by time."""
        legs = list(legs)
        named = models.Q(sip_call_id__in=[leg.sip_call_id for leg in legs if leg.sip_call_id])
        # By the room there is an index, and a participant is in one room only.
        named |= models.Q(
            room_sid__in={x.room_sid for x in legs if x.room_sid},
            participant_sid__in=[x.participant_sid for x in legs if x.participant_sid],
        )
        in_room = models.Q(room_sid=call.room_sid, sip_call_id="", participant_sid="")
        in_room &= models.Q(at__gte=call.started_at - ROOM_MARGIN)
        if call.ended_at:
            in_room &= models.Q(at__lte=call.ended_at + ROOM_MARGIN)
        return self.filter(named | in_room if call.room_sid else named).order_by("at", "pk")


class CallEvent(models.Model):
    """One fact about a call or a room, from whoever saw it. Never changed."""

    class Source(models.TextChoices):
        WEBHOOK = "webhook", _("LiveKit")
        TAP = "tap", _("gateway")
        AGENT = "agent", _("assistant")
        OBSERVER = "observer", _("observer")
        STAFF = "staff", _("staff")

    event_id = models.CharField(_("id of the event"), max_length=100, unique=True)
    source = models.CharField(_("who saw it"), max_length=10, choices=Source.choices)
    kind = models.CharField(_("what happened"), max_length=60)
    at = models.DateTimeField(_("when"))
    payload = models.JSONField(_("as it came"), default=dict)
    received_at = models.DateTimeField(_("received"), auto_now_add=True)
    # What the fact names; empty where it does not say.
    sip_call_id = models.CharField(
        _("id of the call at the gateway"), max_length=64, blank=True, db_index=True
    )
    participant_sid = models.CharField(_("id of the participant"), max_length=64, blank=True)
    room_sid = models.CharField(_("id of the room"), max_length=64, blank=True, db_index=True)
    room_name = models.CharField(_("room"), max_length=200, blank=True)

    objects = CallEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("call event")
        verbose_name_plural = _("call events")
        ordering = ["at", "pk"]
        # Of what one witness told, which may be rare, a page.
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["source", "-id"], name="event_by_source"),
            # Which rooms are to be recorded that were not yesterday? Asked every second.
            models.Index(
                fields=["received_at"],
                condition=models.Q(kind__in=OF_RECORDING),
                name="event_recording_new",
            ),
            models.Index(
                fields=["room_sid"],
                condition=models.Q(kind__in=OF_RECORDING),
                name="event_recording",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class FoldUnit(models.Model):
    """Events that are folded together: those of one room instance, or of a call without a room."""

    # "room:RM_..." or "call:SCL_..."
    key = models.CharField(max_length=80, unique=True)
    # When the newest fact not yet folded was stored; null: nothing to do.
    dirty_at = models.DateTimeField(null=True)
    # The fold asked to be run again then: time itself may decide (silence, a timeout).
    look_again_at = models.DateTimeField(null=True)
    locked_until = models.DateTimeField(null=True)
    # A room with a long history is folded from what was stored since; null: from all of it.
    folded_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("fold unit")
        verbose_name_plural = _("fold units")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["dirty_at"], condition=~models.Q(dirty_at=None), name="unit_dirty"
            ),
            models.Index(
                fields=["look_again_at"],
                condition=~models.Q(look_again_at=None),
                name="unit_look_again",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class RefusedQuerySet(ScopedQuerySet["Refused"]):
    def within(self, places: frozenset[int], user: User) -> Self:
        """None: what strangers tried belongs to no place."""
        return self.none()

    def since(self, moment: datetime) -> Self:
        """The newest first."""
        return self.filter(last_at__gte=moment).order_by("-last_at", "pk")


class Refused(models.Model):
    """Callers that the line turned away, counted: scanners must not fill the database."""

    address = models.CharField(_("address"), max_length=64)
    number = models.CharField(_("called"), max_length=100)
    caller = models.CharField(_("caller"), max_length=100, blank=True)
    reason = models.CharField(_("reason"), max_length=60)
    count = models.PositiveIntegerField(_("times"), default=1)
    first_at = models.DateTimeField(_("first"))
    last_at = models.DateTimeField(_("last"))

    objects = RefusedQuerySet.as_manager()

    class Meta:
        verbose_name = _("refused call")
        verbose_name_plural = _("refused calls")
        ordering = ["-last_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["address", "number", "caller", "reason"], name="refused_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.address} {self.reason}"
