"""Assistants, and the conversations they had. Nothing here knows what a call is."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from agentworker.blocking import BlockedCaller
from agentworker.company import Company
from agentworker.content import Content, Language
from agentworker.hours.access import PlaceAccess
from agentworker.hours.models import Announcement, Closure, NumberPlace, Place
from agentworker.keys import ProviderKey
from agentworker.knowledge.models import Document, Passage
from agentworker.recording import RecordingPolicy
from agentworker.requests import AgentRequest
from agentworker.scenarios import Scenario, ScenarioRun
from agentworker.scope import ScopedQuerySet
from agentworker.spending.models import Budget
from agentworker.spending.rates import Spent
from agentworker.standin import StandIn
from agentworker.trials import Trial, TrialLine
from veyra.models import Keepable, User
from veyra.querysets import KeepableQuerySet, VisibleQuerySet
from veyra.wordforms import StemsField

__all__ = [
    "Agent",
    "AgentDraft",
    "AgentRequest",
    "AgentVersion",
    "Announcement",
    "BlockedCaller",
    "Budget",
    "Closure",
    "Company",
    "Document",
    "Language",
    "NumberPlace",
    "Passage",
    "Place",
    "PlaceAccess",
    "ProviderKey",
    "Scenario",
    "ScenarioRun",
    "Session",
    "SessionEvent",
    "Speaker",
    "StandIn",
    "Trial",
    "TrialLine",
    "Turn",
    "Worker",
]


class Agent(Keepable):
    """An assistant that answers calls. What it says stands in its newest version."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    # False: what it says was withdrawn, versions and all, and it answers nobody.
    is_published = models.BooleanField(_("published"), default=True, editable=False)
    recording = models.CharField(
        _("are its calls recorded"),
        max_length=7,
        choices=RecordingPolicy.choices,
        default=RecordingPolicy.NEVER,
    )
    # When it answers; none: always. The hours of the number that was called go first.
    hours = models.ForeignKey(
        Place,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="agents",
        verbose_name=_("opening hours"),
    )
    created_at = models.DateTimeField(auto_now_add=True)
    is_demo = models.BooleanField(default=False, editable=False)

    objects = KeepableQuerySet["Agent"].as_manager()

    class Meta:
        verbose_name = _("assistant")
        verbose_name_plural = _("assistants")
        ordering = ["name"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(archived_at=None),
                name="agent_name_once",
                violation_error_message=_("There is already an assistant with this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def newest(self) -> "AgentVersion | None":
        return self.versions.order_by("-number").first()

    def current(self) -> "AgentVersion | None":
        """The version that answers the next call."""
        return self.newest() if self.is_published else None

    def written(self) -> "AgentDraft | AgentVersion | None":
        """What somebody goes on writing: its draft, or else its newest version."""
        return AgentDraft.objects.filter(agent=self).first() or self.newest()


class AgentDraft(Content):
    """What an assistant shall say, as it is being written. Callers hear it once it is published."""

    agent = models.OneToOneField(Agent, on_delete=models.CASCADE, related_name="draft")
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = VisibleQuerySet["AgentDraft"].as_manager()

    class Meta:
        verbose_name = _("draft of an assistant")
        verbose_name_plural = _("drafts of assistants")

    def __str__(self) -> str:
        return str(self.agent)


class AgentVersion(Content):
    """What an assistant says, as it stood at one moment. Never changed: a change is a new row."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    # In a sentence, by whoever published it.
    note = models.CharField(_("what changed"), max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = VisibleQuerySet["AgentVersion"].as_manager()

    class Meta:
        verbose_name = _("assistant version")
        verbose_name_plural = _("assistant versions")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["agent", "number"], name="version_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.agent} · {self.number}"


class SessionQuerySet(ScopedQuerySet["Session"]):
    def within(self, places: frozenset[int], user: User) -> Self:
        """Which of them were calls, and to which numbers, only telephony knows: by its legs."""
        legs: Any = apps.get_model("telephony", "Leg")._default_manager
        seen = legs.visible_to(user).order_by()
        phones = seen.filter(sip_call_id=models.OuterRef("sip_call_id"))
        browsers = seen.filter(participant_sid=models.OuterRef("participant_sid"))
        by_browser = models.Q(sip_call_id="") & ~models.Q(participant_sid="")
        return self.filter(models.Exists(phones) | by_browser & models.Exists(browsers))

    def of_callers(self, names: Iterable[str]) -> Self:
        """Conversations with these callers: call ids of the gateway or participants' sids."""
        names = list(names)
        return self.filter(models.Q(sip_call_id__in=names) | models.Q(participant_sid__in=names))

    def spent(self, since: datetime) -> Spent:
        """Those that began since, roughly; trials are paid for like calls."""
        found = self.filter(started_at__gte=since).aggregate(
            roubles=models.Sum("roubles"), dollars=models.Sum("dollars")
        )
        return Spent(found["roubles"] or 0.0, found["dollars"] or 0.0)

    def minutes(self, since: datetime) -> float:
        """Talked with callers, in those that began since and are over."""
        over = self.filter(started_at__gte=since, is_trial=False, ended_at__isnull=False)
        spans = models.F("ended_at") - models.F("started_at")
        found = over.aggregate(whole=models.Sum(spans, output_field=models.DurationField()))
        return found["whole"].total_seconds() / 60 if found["whole"] else 0.0

    def to_sum_up(self, now: datetime, since: datetime) -> Self:
        """Those of which it is time to write down what came of them; none from before `since`."""
        due = self.filter(sum_up_at__lte=now, version__isnull=False)
        return due.filter(started_at__gte=since).order_by("sum_up_at")

    def saying(self, words: str) -> Self:
        """Those in which somebody said all these words in one breath, in whatever form; of words
        that are said again and again, those of the newest lines (see `TurnQuerySet.said_often`).
        """
        newest = Turn.objects.filter(stems__says=words).order_by("-pk")[:MOST_LINES]
        return self.filter(pk__in=newest.values("session"))


def with_newest(agents: models.QuerySet[Agent]) -> models.QuerySet[Any]:
    """Each with newest_number, newest_language and newest_at of its newest version; has_draft."""
    newest = AgentVersion.objects.filter(agent=models.OuterRef("pk")).order_by("-number")
    return agents.annotate(
        newest_number=models.Subquery(newest.values("number")[:1]),
        newest_language=models.Subquery(newest.values("language")[:1]),
        newest_at=models.Subquery(newest.values("created_at")[:1]),
        has_draft=models.Exists(AgentDraft.objects.filter(agent=models.OuterRef("pk"))),
    )


class Session(models.Model):
    """One conversation: a job of the worker, in one room, with one caller."""

    class Doing(models.TextChoices):
        """What is heard on the line, or prepared."""

        LISTENING = "listening", _("nobody speaks")
        HEARING = "hearing", _("the caller speaks")
        THINKING = "thinking", _("thinking")
        SPEAKING = "speaking", _("speaking")

    job_id = models.CharField(_("id of the job"), max_length=64, unique=True)
    version = models.ForeignKey(
        AgentVersion,
        null=True,
        on_delete=models.PROTECT,
        related_name="sessions",
        verbose_name=_("assistant version"),
    )
    worker = models.CharField(_("worker"), max_length=100, blank=True)
    room_name = models.CharField(_("room"), max_length=200, blank=True)
    room_sid = models.CharField(_("id of the room"), max_length=64, blank=True, db_index=True)
    # The caller's leg: the gateway's call id (SCL_...) where it is a phone, and the participant.
    sip_call_id = models.CharField(
        _("id of the call at the gateway"), max_length=64, blank=True, db_index=True
    )
    participant_sid = models.CharField(
        _("id of the participant"), max_length=64, blank=True, db_index=True
    )
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    close_reason = models.CharField(_("why it ended"), max_length=100, blank=True)
    error = models.TextField(_("error"), blank=True)
    # Somebody of us tries the assistant: it counts in no figures.
    is_trial = models.BooleanField(default=False, editable=False)
    # What was used: {"mind": [{"provider": …, "tokens_in": …}], "voice": […], "ears": […]}
    # (agentworker.usage).
    usage = models.JSONField(default=dict, editable=False)
    # What that costs, roughly (agentworker.spending.rates).
    roubles = models.FloatField(default=0.0, editable=False)
    dollars = models.FloatField(default=0.0, editable=False)
    # Written down when it is over: two sentences, what came of it, and what staff want noted.
    summary = models.TextField(_("summary"), blank=True)
    outcome = models.CharField(_("what came of it"), max_length=200, blank=True)
    noted = models.JSONField(_("noted"), default=dict, blank=True)
    # When its assistant's mind is asked for these; null: it was, or there is none.
    sum_up_at = models.DateTimeField(null=True, editable=False)
    # How it stands while it goes on; "" and null until it has told.
    doing = models.CharField(max_length=10, choices=Doing.choices, blank=True, editable=False)
    doing_since = models.DateTimeField(null=True, editable=False)

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering = ["-started_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["sum_up_at"],
                condition=models.Q(sum_up_at__isnull=False),
                name="session_to_sum_up",
            ),
            # What today costs is asked for at the start of each call.
            models.Index(fields=["started_at"], name="session_started"),
        ]

    def __str__(self) -> str:
        """As people tell one from another: by its time."""
        return date_format(localtime(self.started_at), "DATETIME_FORMAT")


class Speaker(models.TextChoices):
    CALLER = "caller", _("Caller")
    AGENT = "agent", _("Assistant")


# So many lines with the words that somebody looks for are looked through, the newest: every call
# has a greeting, and all of a year's calls would take a minute.
MOST_LINES = 20_000


class TurnQuerySet(ScopedQuerySet["Turn"]):
    def within(self, places: frozenset[int], user: User) -> Self:
        talks = Session.objects.visible_to(user).order_by()
        return self.filter(models.Exists(talks.filter(pk=models.OuterRef("session"))))

    def said_often(self, words: str) -> bool:
        """Are there more lines with these words than are looked through?"""
        return self.filter(stems__says=words).order_by()[MOST_LINES:].exists()

    def of_callers(self, names: Iterable[str]) -> Self:
        """Said in conversations with these callers, by call ids or participants' sids."""
        return self.filter(session__in=Session.objects.of_callers(names))

    def delays(self, since: datetime, until: datetime) -> dict[int, int]:
        """How often somebody waited how long for an answer: milliseconds -> answers."""
        within = self.filter(at__gte=since, at__lt=until, delay_ms__isnull=False).order_by()
        counted = within.values_list("delay_ms").annotate(count=models.Count("pk"))
        return dict(counted)


class Turn(models.Model):
    """One thing said, by the caller or by the assistant."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="turns")
    # The spool's line id: a line shipped twice is one row.
    turn_id = models.CharField(max_length=64, unique=True)
    speaker = models.CharField(_("who speaks"), max_length=8, choices=Speaker.choices)
    # Empty where nobody understood the words; `seconds` then says how long he spoke.
    text = models.TextField(_("words"), blank=True)
    # A key pressed on the phone, where the turn is one.
    digit = models.CharField(_("key"), max_length=1, blank=True)
    at = models.DateTimeField(_("when"))
    seconds = models.FloatField(_("seconds"), null=True)
    # The stems of its words: calls are searched by them.
    stems = StemsField(of="text")
    # From the end of the caller's words to the first sound of the answer; and as far as they were
    # measured: until we knew that he had finished, until the first words were thought of, and until
    # their first sound was made (agentworker.delays).
    delay_ms = models.PositiveIntegerField(_("wait for the answer, ms"), null=True)
    heard_ms = models.PositiveIntegerField(null=True)
    thought_ms = models.PositiveIntegerField(null=True)
    spoke_ms = models.PositiveIntegerField(null=True)
    interrupted = models.BooleanField(default=False)

    objects = TurnQuerySet.as_manager()

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        ordering = ["at", "pk"]
        indexes: ClassVar[list[models.Index]] = [
            # How quickly today's callers were answered, told on the home page.
            models.Index(
                fields=["at", "delay_ms"],
                condition=models.Q(delay_ms__isnull=False),
                name="turn_delays",
            )
        ]

    def __str__(self) -> str:
        return f"{self.speaker} {self.turn_id}"


class SessionEvent(models.Model):
    """A fact that the job saw. Others read what has no `folded_at` and mark what they took."""

    event_id = models.CharField(max_length=64, unique=True)
    job_id = models.CharField(max_length=64, db_index=True)
    room_name = models.CharField(max_length=200, blank=True)
    room_sid = models.CharField(max_length=64, blank=True)
    sip_call_id = models.CharField(max_length=64, blank=True)
    participant_sid = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=40)
    at = models.DateTimeField()
    payload = models.JSONField(default=dict)
    folded_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("conversation event")
        verbose_name_plural = _("conversation events")
        ordering = ["at", "pk"]
        indexes: ClassVar[list[models.Index]] = [
            # Telephony's drain asks for exactly these.
            models.Index(
                fields=["id"],
                condition=models.Q(folded_at=None),
                name="session_event_unfolded",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class WorkerQuerySet(VisibleQuerySet["Worker"]):
    def seen_since(self, moment: datetime) -> Self:
        return self.filter(seen_at__gte=moment)

    def taking_calls(self, seen_since: datetime) -> Self:
        """Workers that LiveKit knows and that are not about to leave."""
        return self.seen_since(seen_since).filter(registered=True, draining=False, is_resting=False)

    def coming(self, seen_since: datetime, began_since: datetime) -> Self:
        """Workers that began lately, and that LiveKit does not know yet."""
        return self.seen_since(seen_since).filter(registered=False, started_at__gte=began_since)

    def resting(self) -> Self:
        return self.filter(is_resting=True)

    def not_by_hand(self) -> Self:
        """Without those that somebody put to rest: only somebody wakes them."""
        return self.filter(rests_by_hand=False)


class Worker(models.Model):
    """A process that takes calls, as it said of itself within the last seconds."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    host = models.CharField(_("host"), max_length=200)
    pid = models.PositiveIntegerField(_("process number"))
    # Who has the same sees its process (veyra.processes.space); "": nobody knows.
    pid_space = models.CharField(max_length=80, blank=True, editable=False)
    started_at = models.DateTimeField(_("started"))
    seen_at = models.DateTimeField(_("last seen"))
    # [{"job": "AJ_...", "room": "..."}]
    jobs = models.JSONField(_("conversations now"), default=list)
    capacity = models.PositiveIntegerField(_("calls at once"))
    registered = models.BooleanField(_("LiveKit knows it"), default=False)
    # Of Veyra, as it runs there.
    version = models.CharField(_("version"), max_length=40, blank=True)
    # Of the processor of its host; of the memory there, how much is taken by everybody, in percent,
    # and by this worker with its calls, in MiB. Null: it has not looked yet.
    load = models.FloatField(_("load of the processor"), null=True)
    memory_taken = models.FloatField(_("memory taken"), null=True)
    memory_mib = models.PositiveIntegerField(_("memory of its own"), null=True)
    # Of the LiveKit that took it in.
    livekit_version = models.CharField(_("version of LiveKit"), max_length=40, blank=True)
    draining = models.BooleanField(_("takes no new calls"), default=False)
    # Staff want it to take none; it reads this with each sign of life.
    is_resting = models.BooleanField(default=False, editable=False)
    # By a button, and not because a new version is being installed.
    rests_by_hand = models.BooleanField(default=False, db_default=False, editable=False)
    # Rooms in which its conversations hang: it ends them, and starts its spare processes anew,
    # with the next sign of life. Null: nobody asked.
    rooms_to_end = models.JSONField(null=True, default=None, editable=False)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
