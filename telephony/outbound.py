"""Calls out: how a provider connection dials, and the calls that somebody asked for."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from telephony.facts import Call
from telephony.scope import OfNumbersQuerySet
from veyra.models import User
from veyra.secrets import EncryptedTextField
from veyra.sentences import Sentence


class Transport(models.TextChoices):
    AUTO = "auto", _("as the provider's name says (usually UDP)")
    UDP = "udp", "UDP"
    TCP = "tcp", "TCP"
    TLS = "tls", _("TLS (encrypted)")


class Encryption(models.TextChoices):
    """LiveKit offers encrypted sound and no other, unless it is off (RTP/SAVP); `allow` goes on
    where the provider answers in clear nevertheless.
    """

    OFF = "disable", _("off")
    ALLOW = "allow", _("offered: a call goes on in clear where the provider answers so")
    REQUIRE = "require", _("always: no call without it")


class Codec(models.TextChoices):
    """What a call may sound like, as LiveKit's gateway can offer it."""

    ANY = "", _("G.722, PCMA, PCMU: the provider chooses")
    G711 = "PCMA,PCMU", _("PCMA and PCMU")
    PCMA = "PCMA", _("PCMA only")
    PCMU = "PCMU", _("PCMU only")
    G722 = "G722", _("G.722 only")


class Identity(models.TextChoices):
    """The header that names the caller's number where From holds the login."""

    NONE = "", _("no header")
    ASSERTED = "P-Asserted-Identity", "P-Asserted-Identity"
    PREFERRED = "P-Preferred-Identity", "P-Preferred-Identity"
    REMOTE = "Remote-Party-ID", "Remote-Party-ID"


class DialSpelling(models.TextChoices):
    """How a provider wants numbers in the calls that we place."""

    PLUS = "plus", _("with plus: +7…")
    DIGITS = "digits", _("digits only: 7…")
    NATIONAL = "national", _("national: 8…")


class Outgoing(models.Model):
    """The part of a provider connection that places calls; without an address it places none."""

    out_address = models.CharField(_("provider's server"), max_length=200, blank=True)
    out_username = models.CharField(_("login for calls out"), max_length=100, blank=True)
    out_password = EncryptedTextField(_("password for calls out"), blank=True)
    out_transport = models.CharField(
        _("transport"), max_length=4, choices=Transport.choices, default=Transport.AUTO
    )
    out_spelling = models.CharField(
        _("how numbers are written"),
        max_length=10,
        choices=DialSpelling.choices,
        default=DialSpelling.PLUS,
    )
    # Many providers answer 403 unless the user of From is the login itself.
    out_from_login = models.BooleanField(_("the login stands in From"), default=False)
    out_from_host = models.CharField(_("domain in From"), max_length=200, blank=True)
    out_identity = models.CharField(
        _("header with the caller's number"), max_length=24, choices=Identity.choices, blank=True
    )
    out_codecs = models.CharField(
        _("sound format"), max_length=20, choices=Codec.choices, default=Codec.ANY, blank=True
    )
    out_encryption = models.CharField(
        _("encryption of sound"), max_length=8, choices=Encryption.choices, default=Encryption.OFF
    )
    out_refer = models.BooleanField(_("the provider transfers calls (REFER)"), default=False)
    # What LiveKit does not keep, and we do: the provider's pace, and what calls may cost.
    out_pace = models.PositiveSmallIntegerField(
        _("new calls a second"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    # Less than the silence after which an assistant gives a call up.
    out_ringing = models.PositiveSmallIntegerField(
        _("seconds that it may ring"),
        default=40,
        validators=[MinValueValidator(5), MaxValueValidator(45)],
    )
    # One beginning a line, +7 or +7495; empty: the countries of the connection's own numbers.
    out_prefixes = models.TextField(_("numbers that may be called"), blank=True)
    out_at_once = models.PositiveSmallIntegerField(_("calls at once"), default=5)
    out_minutes = models.PositiveIntegerField(_("minutes a day"), default=300)
    out_next = models.ForeignKey(
        "telephony.Trunk",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("reserve connection"),
    )

    class Meta:
        abstract = True


@dataclass(frozen=True)
class Tries:
    """A call out, the try before it that did not get through, and the reserve's try after it."""

    this: "OutboundCall | None"
    before: "OutboundCall | None"
    after: "OutboundCall | None"

    @property
    def goes_on(self) -> bool:
        """There is more to be told: whether the reserve tries, or by which call it does."""
        if self.after:
            return self.after.over_at is None and not self.after.call_state
        return self.this is not None and self.this.over_at is None


# As the index has it.
BY_PEOPLE = ~models.Q(speaker="assistant")


class OutboundCallQuerySet(OfNumbersQuerySet["OutboundCall"]):
    def waiting(self) -> Self:
        """To be dialled, the oldest first. Who speaks in his browser has to be there before."""
        asked = self.filter(state=OutboundCall.State.WAITING).order_by("asked_at", "pk")
        return asked.exclude(speaker=OutboundCall.Speaker.BROWSER, here_at=None)

    def never_begun(self, before: datetime) -> Self:
        """Whose browser has not come to them, though they were asked for by then."""
        browser = self.filter(speaker=OutboundCall.Speaker.BROWSER, here_at=None)
        return browser.filter(state=OutboundCall.State.WAITING, asked_at__lt=before)

    def by_people(self) -> Self:
        """Those in which one of us speaks."""
        return self.filter(BY_PEOPLE)

    def over_since(self, then: datetime) -> Self:
        """Dialled, and over by now."""
        return self.filter(over_at__gte=then).exclude(claimed_at=None)

    def asked_for(self, user: User) -> Self:
        return self.filter(asked_by=user)

    def open(self) -> Self:
        """Claimed, and not known to be over: each holds a place on its connection."""
        return self.filter(state=OutboundCall.State.DIALLED, over_at=None)

    def recent(self) -> Self:
        return self.select_related("number", "trunk", "agent", "asked_by").order_by("-asked_at")

    def around(self, pk: uuid.UUID) -> "Tries":
        """One query. `pk` is a row's, and its Call's."""
        of_it = models.Q(pk=pk) | models.Q(retry=pk) | models.Q(retry_of=pk)
        rows = list(self.filter(of_it).select_related("trunk", "asked_by").with_call())
        return Tries(
            this=next((row for row in rows if row.pk == pk), None),
            before=next((row for row in rows if row.pk != pk and row.retry_of_id != pk), None),
            after=next((row for row in rows if row.retry_of_id == pk), None),
        )

    def with_call(self) -> Self:
        """Adds call_state, empty where nobody has seen the call yet."""
        calls = Call.objects.filter(pk=models.OuterRef("pk"))
        return self.annotate(call_state=models.Subquery(calls.values("state")[:1]))


class OutboundCall(models.Model):
    """A call that somebody asked for: one telephone, dialled at most once.

    Its id is the id of the Call that it becomes: it travels with the participant (`veyra.call`),
    so that the call is found again after a crash. When the provider could not put it through, the
    reserve's try is a row of its own (`retry_of`), and a Call of its own.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DIALLED = "dialled", _("Dialled")
        REFUSED = "refused", _("Not allowed")
        FAILED = "failed", _("Failed")

    class Speaker(models.TextChoices):
        """Who talks to the person called. One of us is there before the number is dialled."""

        ASSISTANT = "assistant", _("the assistant")
        BROWSER = "browser", _("I, here in the browser")
        PHONE = "phone", _("I, by my telephone")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Whom to call, in E.164, and the number of ours that he sees.
    to_number = models.CharField(_("whom to call"), max_length=32)
    number = models.ForeignKey(
        "telephony.PhoneNumber",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("from our number"),
    )
    trunk = models.ForeignKey(
        "telephony.Trunk",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("provider connection"),
    )
    agent = models.ForeignKey(
        "agentworker.Agent",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("assistant"),
    )
    speaker = models.CharField(
        _("who speaks"), max_length=9, choices=Speaker.choices, default=Speaker.ASSISTANT
    )
    # The telephone that is called first, E.164, where one of us speaks by it.
    speaker_phone = models.CharField(max_length=32, blank=True)
    # When whoever of us speaks was there, and the number could be dialled.
    here_at = models.DateTimeField(null=True)
    # When his page said that he has left.
    left_at = models.DateTimeField(null=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("who asked"),
    )
    asked_at = models.DateTimeField(_("asked"), auto_now_add=True)
    # Whoever asks twice with one ticket (a double click) asks once.
    ticket = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    retry_of = models.OneToOneField(
        "self", null=True, on_delete=models.CASCADE, related_name="retry", editable=False
    )
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    # When it was taken to be dialled: from then on it is never dialled again.
    claimed_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(null=True)
    # Of the day's allowance: all that the call may last while it goes on, then what it took.
    seconds = models.PositiveIntegerField(default=0)
    # Why it was not placed, as (msgid, parameters).
    result = models.JSONField(default=dict, blank=True)

    # with_call() fills it.
    call_state: str | None = None

    objects = OutboundCallQuerySet.as_manager()

    class Meta:
        verbose_name = _("call out")
        verbose_name_plural = _("calls out")
        ordering = ["-asked_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["asked_at"], condition=models.Q(state="waiting"), name="out_waiting"
            ),
            models.Index(
                fields=["claimed_at"],
                condition=models.Q(state="dialled", over_at=None),
                name="out_open",
            ),
            models.Index(fields=["trunk", "claimed_at"], name="out_of_day"),
            models.Index(fields=["over_at"], condition=BY_PEOPLE, name="out_by_people"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def room(self) -> str:
        return f"out-{self.id}"

    @property
    def is_by_people(self) -> bool:
        """One of us speaks, and no assistant comes."""
        return self.speaker != self.Speaker.ASSISTANT

    @property
    def legs(self) -> int:
        """How many telephones it takes: each has its place and its minutes."""
        return 2 if self.speaker == self.Speaker.PHONE else 1

    @property
    def callee_identity(self) -> str:
        """The participant who is called."""
        return f"callee-{self.pk}"

    @property
    def speaker_identity(self) -> str:
        """The participant who speaks for us."""
        return f"colleague-{self.id}"

    @property
    def sentence(self) -> Sentence:
        return Sentence.from_json(self.result)
