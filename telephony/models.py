"""The line as staff describe it (wish), and the objects in LiveKit that it became."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from agentworker.models import Agent
from agentworker.recording import RecordingPolicy
from agentworker.scope import bounded
from telephony import scope
from telephony.actions import CallAction
from telephony.callback import CallBack
from telephony.colleagues import Colleague, Member, Team, person_or_team
from telephony.differences import Difference
from telephony.expected import ExpectedCall
from telephony.facts import Call, CallEvent, FoldUnit, Leg, Refused
from telephony.former_password import FormerPassword
from telephony.full_line import WhenFull
from telephony.ignoring import IgnoredSource
from telephony.numbers import parts_of_number, pretty
from telephony.outbound import OutboundCall, Outgoing
from telephony.registration import Registering, Registration
from telephony.ring import Ring, RungPhone
from telephony.scheduled import ScheduledChange
from telephony.testcall import TestCall
from telephony.visits import Visit
from veyra import audit
from veyra.models import Keepable, User
from veyra.querysets import KeepableQuerySet, VisibleQuerySet
from veyra.secrets import EncryptedTextField
from veyra.sentences import Sentence

__all__ = [
    "Call",
    "CallAction",
    "CallBack",
    "CallEvent",
    "Colleague",
    "Difference",
    "DispatchRule",
    "ExpectedCall",
    "FoldUnit",
    "FormerPassword",
    "Gateway",
    "HostAddress",
    "IgnoredSource",
    "Leg",
    "Member",
    "OutboundCall",
    "PhoneNumber",
    "PublishedObject",
    "Refused",
    "Registration",
    "Ring",
    "RoomKind",
    "RungPhone",
    "ScheduledChange",
    "Team",
    "TestCall",
    "Trunk",
    "Visit",
]


W = TypeVar("W", bound=models.Model, covariant=True)


class WishQuerySet(KeepableQuerySet[W]):
    """Rows that are published."""

    def in_use(self) -> Self:
        return self.kept().filter(is_active=True)


def once(field: str, message: str | Promise) -> models.UniqueConstraint:
    """Unique among the rows that are not archived."""
    return models.UniqueConstraint(
        fields=[field],
        condition=models.Q(archived_at=None),
        name=f"%(class)s_{field}_once",
        violation_error_message=message,  # type: ignore[arg-type]  # the stubs know no Promise
    )


class Gateway(models.Model):
    """Where providers send calls: the public address of livekit/sip. One row."""

    host = models.CharField(_("address"), max_length=200)
    port = models.PositiveIntegerField(
        _("port"), default=5060, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    # Which Veyra this is: several may share a LiveKit, and none touches another's objects.
    installation = models.UUIDField(default=uuid.uuid4, editable=False)
    # The key of the seals on our objects in LiveKit (routing/seal.py); it stays here.
    seal = models.UUIDField(default=uuid.uuid4, editable=False)

    objects = VisibleQuerySet["Gateway"].as_manager()

    class Meta:
        verbose_name = _("call entrance")
        verbose_name_plural = _("call entrance")

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @classmethod
    def get(cls) -> "Gateway":
        """The one row; made from SIP_HOST and SIP_PORT when nobody has made it yet."""
        defaults = {"host": settings.SIP_HOST, "port": settings.SIP_PORT}
        with audit.unseen():
            return cls.objects.get_or_create(pk=1, defaults=defaults)[0]

    @classmethod
    def hold_line(cls) -> None:
        """Until this transaction ends nobody else changes the line, or writes how it stands."""
        cls.get()
        list(cls.objects.select_for_update().values_list("pk"))


class Spelling(models.TextChoices):
    """How a provider writes numbers in its INVITE."""

    ANY = "any", _("as its calls show")
    PLUS = "plus", _("with plus: +7…")
    DIGITS = "digits", _("digits only: 7…")
    NATIONAL = "national", _("national: 8…")


class TrunkQuerySet(WishQuerySet["Trunk"]):
    def signing_in(self) -> Self:
        """Those that sign in at their provider, and are in use."""
        return self.in_use().exclude(register_at="")


class Trunk(Outgoing, Registering, Keepable):
    """A provider's connection: the addresses its calls come from and the login it uses; or where
    we sign in so that its calls come to us (`register_…`); and how it places calls (`out_…`).
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    provider = models.CharField(_("provider"), max_length=40, blank=True)
    # One CIDR, address or host name a line; host names are resolved by us. Of a line that signs in:
    # addresses besides those of its server.
    addresses = models.TextField(_("addresses that calls come from"), blank=True)
    username = models.CharField(_("login"), max_length=100, blank=True)
    password = EncryptedTextField(_("password"), blank=True)
    spelling = models.CharField(
        _("how the number is written"),
        max_length=10,
        choices=Spelling.choices,
        default=Spelling.ANY,
    )
    # What its calls have shown, or before the first one what the preset says; "" is not known.
    learned_spelling = models.CharField(max_length=10, blank=True, editable=False)
    learned_at = models.DateTimeField(null=True, editable=False)
    is_active = models.BooleanField(_("in use"), default=True)
    is_demo = models.BooleanField(default=False, editable=False)

    objects = TrunkQuerySet.as_manager()

    class Meta:
        verbose_name = _("provider connection")
        verbose_name_plural = _("provider connections")
        ordering = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            once("name", _("There is already a connection with this name."))
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def dials_as(self) -> str:
        """The login of calls out; where they have none of their own, that of the sign-in."""
        return self.out_username or (self.register_login if self.register_at else "")


class HostAddressQuerySet(models.QuerySet["HostAddress"]):
    def remember(self, answers: Mapping[str, Iterable[str]], at: datetime) -> None:
        """These hosts have these addresses at that moment."""
        rows = [
            HostAddress(host=host, address=address, seen_at=at)
            for host, addresses in answers.items()
            for address in addresses
        ]
        self.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["host", "address"],
            update_fields=["seen_at"],
        )

    def of(self, hosts: Iterable[str]) -> Self:
        return self.filter(host__in=hosts)

    def forget_before(self, moment: datetime) -> None:
        self.filter(seen_at__lt=moment).delete()

    def by_host(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for host, address in self.order_by("host", "address").values_list("host", "address"):
            found[host] = (*found.get(host, ()), address)
        return found


class HostAddress(models.Model):
    """An address that a host name of a trunk had when we looked it up."""

    host = models.CharField(max_length=253)
    address = models.GenericIPAddressField()
    seen_at = models.DateTimeField()

    objects = HostAddressQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["host", "address"], name="host_address_once")
        ]

    def __str__(self) -> str:
        return f"{self.host} {self.address}"


class PhoneNumberQuerySet(WishQuerySet["PhoneNumber"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return bounded(super().visible_to(user), user)

    def within(self, places: frozenset[int], user: User) -> Self:
        return self.filter(scope.numbers(places))

    def may_call_out(self) -> Self:
        """Numbers that the person called can be shown: their connection places calls."""
        trunk = {"trunk__is_active": True, "trunk__archived_at": None}
        return self.in_use().filter(**trunk).exclude(trunk__out_address="")

    def matching(self, text: str) -> Self:
        """Numbers with these digits in any spelling, and those that are for what `text` says."""
        found = models.Q(label__icontains=text)
        for part in parts_of_number(text):
            found |= models.Q(number__contains=part)
        return self.filter(found)

    def brought_by(self, trunks: models.QuerySet[Trunk]) -> Self:
        """Numbers of these connections, and those that have one of them in reserve."""
        return self.filter(models.Q(trunk__in=trunks) | models.Q(reserve__in=trunks))

    def troubled(self) -> Self:
        """Numbers that are not live as they were saved."""
        return self.filter(key__in=PublishedObject.objects.troubled().values("source"))

    def with_trunk(self) -> Self:
        return self.select_related("trunk")


class PhoneNumber(Keepable):
    """A number that people call, in E.164 (+74991124148), and the trunk it arrives by."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.CharField(_("number"), max_length=32)
    label = models.CharField(_("what it is for"), max_length=100, blank=True)
    trunk = models.ForeignKey(
        Trunk,
        on_delete=models.PROTECT,
        related_name="numbers",
        verbose_name=_("provider connection"),
    )
    # A second provider that brings the same number when the first one cannot.
    reserve = models.ForeignKey(
        Trunk,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reserve_numbers",
        verbose_name=_("reserve connection"),
    )
    is_active = models.BooleanField(_("in use"), default=True)
    is_demo = models.BooleanField(default=False, editable=False)

    objects = PhoneNumberQuerySet.as_manager()

    class Meta:
        verbose_name = _("number")
        verbose_name_plural = _("numbers")
        ordering = ["number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            once("number", _("This number is already here. Open it instead of adding it."))
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["id"], condition=models.Q(is_demo=True), name="number_demo")
        ]

    def __str__(self) -> str:
        return pretty(self.number)


def _named(model: type[Colleague | Team], name: str | Promise) -> "models.ForeignKey[Any, Any]":
    """Somebody whom a rule names, or nobody."""
    named: dict[str, Any] = {"related_name": "+", "verbose_name": name}
    return models.ForeignKey(model, null=True, blank=True, on_delete=models.PROTECT, **named)


class RoomKind(models.TextChoices):
    INDIVIDUAL = "individual", _("a room for each call")
    DIRECT = "direct", _("one shared room (conference)")


class DispatchRuleQuerySet(WishQuerySet["DispatchRule"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return bounded(super().visible_to(user), user)

    def within(self, places: frozenset[int], user: User) -> Self:
        """Those that are about numbers of these places and no others: whoever changes a rule
        changes all of it.
        """
        his = PhoneNumber.objects.filter(scope.numbers(places)).order_by()
        of_rule = PhoneNumber.objects.filter(rules=models.OuterRef("pk")).order_by()
        others = of_rule.exclude(pk__in=his.values("pk"))
        whole = Trunk.objects.filter(rules=models.OuterRef("pk")).order_by()
        only_his = models.Exists(of_rule) & ~models.Exists(others)
        return self.filter(only_his, ~models.Exists(whole))


class DispatchRule(Keepable):
    """Who answers: which numbers go to which room and which assistant."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    trunks = models.ManyToManyField(
        Trunk, blank=True, related_name="rules", verbose_name=_("every number of")
    )
    numbers = models.ManyToManyField(
        PhoneNumber, blank=True, related_name="rules", verbose_name=_("these numbers")
    )
    agent = models.ForeignKey(
        Agent, on_delete=models.PROTECT, related_name="+", verbose_name=_("assistant")
    )
    kind = models.CharField(
        _("room"), max_length=12, choices=RoomKind.choices, default=RoomKind.INDIVIDUAL
    )
    # The prefix of each call's room, or the name of the shared one.
    room = models.CharField(_("room name"), max_length=100, default="call-")
    # A PIN is a secret of the caller's, but LiveKit and the person who tells it need it in clear.
    pin = models.CharField(_("PIN"), max_length=12, blank=True)
    # One number a line; empty: everybody.
    callers = models.TextField(_("only these callers"), blank=True)
    # Who is rung before the assistant speaks, and who where no assistant can: a person or a group.
    first_colleague = _named(Colleague, _("a colleague first"))
    first_team = _named(Team, _("a group first"))
    fallback_colleague = _named(Colleague, _("a colleague in need"))
    fallback_team = _named(Team, _("a group in need"))
    when_full = models.CharField(
        _("when all assistants are busy"),
        max_length=9,
        choices=WhenFull.choices,
        default=WhenFull.QUEUE,
    )
    # What the last resort says instead of its own sentence; empty: that.
    apology = models.TextField(_("apology"), max_length=300, blank=True)
    # Whether calls that it takes are recorded; empty: as their assistant says.
    recording = models.CharField(
        _("recording"), max_length=7, choices=RecordingPolicy.choices, blank=True
    )
    is_active = models.BooleanField(_("in use"), default=True)
    is_demo = models.BooleanField(default=False, editable=False)

    objects = DispatchRuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("who answers")
        verbose_name_plural = _("who answers")
        ordering = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            once("name", _("There is already a rule with this name.")),
            person_or_team("first_colleague", "first_team"),
            person_or_team("fallback_colleague", "fallback_team"),
        ]

    def __str__(self) -> str:
        return self.name


SAVED = gettext_noop("Saved. It is on its way to LiveKit.")


class PublishedState(models.TextChoices):
    LIVE = "live", _("Live")
    WAITING = "waiting", _("Waiting")
    FAILED = "failed", _("Failed")
    DIFFERS = "differs", _("Difference")


class PublishedQuerySet(VisibleQuerySet["PublishedObject"]):
    def worst_of(self, keys: Iterable[uuid.UUID]) -> dict[uuid.UUID, "PublishedObject"]:
        """The worst that came of each of these saved rows."""
        found = self.filter(source__in=list(keys)).worst_first()
        return {row.source: row for row in reversed(found)}

    def troubled(self) -> Self:
        return self.exclude(state=PublishedState.LIVE)

    def worst_first(self) -> Self:
        order = ("failed", "differs", "waiting", "live")
        cases = [models.When(state=state, then=place) for place, state in enumerate(order)]
        return self.order_by(models.Case(*cases, default=len(order)), "pk")

    def id_of(self, key: str) -> str:
        """The id that LiveKit gave to an object of ours; "" where it is not there."""
        found = self.filter(key=key).exclude(livekit_id="").exclude(state=PublishedState.FAILED)
        return found.values_list("livekit_id", flat=True).first() or ""

    def objects_by_key(self) -> dict[str, str]:
        """The ids that LiveKit gave to our objects."""
        return dict(self.exclude(livekit_id="").values_list("key", "livekit_id"))

    def mark_saved(self, sources: Collection[uuid.UUID]) -> None:
        """A person changed these rows: until LiveKit has them, they wait.

        What somebody changed of them in LiveKit, and the person was shown, gives way.
        """
        Difference.objects.of_sources(sources).restore()
        self.filter(source__in=sources).update(
            state=PublishedState.WAITING, error=Sentence(SAVED).to_json()
        )


class PublishedObject(models.Model):
    """What became of a saved row: an object of ours in LiveKit, a number, or why there is none."""

    class Kind(models.TextChoices):
        TRUNK = "trunk", _("provider connection")
        RULE = "rule", _("who answers")
        NUMBER = "number", _("number")
        OUTBOUND = "outbound", _("calls out")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    # The key in the object's metadata ("number:…" for a number, "row:…" for a row that has no
    # object); the saved row that it comes from is `source` (its key).
    key = models.CharField(_("our mark"), max_length=100, unique=True)
    source = models.UUIDField(_("saved row"), db_index=True)
    livekit_id = models.CharField(_("id in LiveKit"), max_length=64, blank=True, db_index=True)
    state = models.CharField(_("state"), max_length=8, choices=PublishedState.choices)
    # A sentence, as (msgid, parameters), so that each reader gets it in his language.
    error = models.JSONField(_("why"), default=dict, blank=True)
    synced_at = models.DateTimeField(_("looked at"), null=True)

    objects = PublishedQuerySet.as_manager()

    class Meta:
        verbose_name = _("object in LiveKit")
        verbose_name_plural = _("objects in LiveKit")
        ordering = ["key"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["source"], condition=~models.Q(state="live"), name="published_troubled"
            )
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def sentence(self) -> Sentence:
        """Why it waits or failed; empty where it is live."""
        return Sentence.from_json(self.error)
