"""Incidents: what is wrong with the line, since when, whom it hit, and what was done about it."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.look import link
from veyra.querysets import VisibleQuerySet
from veyra.sentences import Sentence

if TYPE_CHECKING:  # it imports us
    from monitoring.incidents.rule import Rule


def person(**options: Any) -> "models.ForeignKey[Any, Any]":
    """A member of staff, whose account may be deleted some day."""
    named: dict[str, Any] = {"null": True, "on_delete": models.SET_NULL, "related_name": "+"}
    return models.ForeignKey(settings.AUTH_USER_MODEL, **named, **options)


class Severity(models.IntegerChoices):
    """How soon somebody must come. The mission's P1-P4."""

    CRITICAL = 1, _("Critical")
    HIGH = 2, _("High")
    MEDIUM = 3, _("Medium")
    LOW = 4, _("Low")


class IncidentQuerySet(VisibleQuerySet["Incident"]):
    def unresolved(self) -> Self:
        return self.exclude(state=Incident.State.RESOLVED)

    def resolved(self) -> Self:
        return self.filter(state=Incident.State.RESOLVED)

    def roots(self) -> Self:
        """Without those that another incident explains."""
        return self.filter(part_of=None)

    def urgent(self) -> Self:
        """P1 and P2 that are not over: what the bell counts."""
        return self.unresolved().roots().filter(severity__lte=Severity.HIGH)

    def critical(self) -> Self:
        return self.unresolved().roots().filter(severity=Severity.CRITICAL)

    def to_tell(self, now: datetime) -> Self:
        """Those of which people are to be woken at this moment."""
        found = self.unresolved().roots()
        found = found.exclude(snoozed_until__gt=now)
        if Silence.objects.in_force(now).exists():
            found = found.filter(is_loud=True)
        return found.order_by("severity", "opened_at", "pk")

    def opened_between(self, since: datetime, until: datetime) -> Self:
        return self.filter(opened_at__gte=since, opened_at__lte=until)

    def resolved_since(self, moment: datetime) -> Self:
        return self.resolved().filter(resolved_at__gte=moment)

    def resolved_before(self, moment: datetime) -> Self:
        return self.resolved().filter(resolved_at__lt=moment)

    def to_watch(self, ended_since: datetime) -> Self:
        """What a look decides about: all that are open, and those that ended by themselves."""
        lately = models.Q(resolved_at__gte=ended_since, resolved_by=None)
        return self.filter(~models.Q(state=Incident.State.RESOLVED) | lately).order_by("opened_at")

    def shown(self) -> Self:
        return self.select_related("acknowledged_by", "assigned_to", "resolved_by", "part_of")

    def worst_first(self) -> Self:
        return self.order_by("severity", "-opened_at", "pk")

    def newest(self) -> Self:
        return self.order_by("-opened_at", "pk")

    def with_hits(self) -> Self:
        """Each with `hit_count`: the calls that it hit itself."""
        return self.annotate(hit_count=models.Count("hit"))

    def of_rule(self, rule: str) -> Self:
        return self.filter(rule=rule)

    def of_severity(self, severity: int) -> Self:
        return self.filter(severity=severity)


class Incident(models.Model):
    """One trouble from the first sight of it until it is over. Written by watching and services."""

    class State(models.TextChoices):
        OPEN = "open", _("Nobody is on it yet")
        ACKNOWLEDGED = "acknowledged", _("Somebody is on it")
        RESOLVED = "resolved", _("Over")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    rule = models.SlugField(_("rule"), max_length=40)
    # What makes two troubles the same: the rule and what it is about ("provider:3").
    cause = models.CharField(max_length=160)
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity.choices)
    state = models.CharField(
        _("state"), max_length=12, choices=State.choices, default=State.OPEN, db_index=True
    )
    # A Sentence.
    sentence = models.JSONField(default=dict)
    # Callers suffer: no silence and no quiet hours hold for it.
    is_loud = models.BooleanField(default=False)
    # The incident that explains this one; it is not told apart then.
    part_of = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="consequences"
    )
    opened_at = models.DateTimeField(_("since"), db_index=True)
    # The last look that saw the trouble, and since when none does; null while it is seen.
    seen_at = models.DateTimeField()
    quiet_since = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = person()
    assigned_to = person(verbose_name=_("who deals with it"))
    snoozed_until = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    # Null: it ended by itself.
    resolved_by = person()
    # How often it came back; each time it has to be quiet for longer.
    times = models.PositiveIntegerField(default=1)
    # How often it was put off: afterwards everybody is told again.
    put_off = models.PositiveIntegerField(default=0)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        default_permissions = ("view", "change")
        permissions: ClassVar[Any] = [
            ("resolve_incident", _("may assign, put off and close incidents"))
        ]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["cause"],
                condition=~models.Q(state="resolved"),
                name="incident_once_a_cause",
            )
        ]

    def __str__(self) -> str:
        return str(self.told)

    @property
    def told(self) -> Sentence:
        return Sentence.from_json(self.sentence)

    @property
    def is_over(self) -> bool:
        return self.state == self.State.RESOLVED

    @property
    def level(self) -> str:
        """As engineers call it: P1-P4."""
        return f"P{self.severity}"


class IncidentNoteQuerySet(VisibleQuerySet["IncidentNote"]):
    def in_order(self) -> Self:
        return self.select_related("by").order_by("at", "pk")

    def of_kind(self, *kinds: str) -> Self:
        return self.filter(kind__in=kinds)


class IncidentNote(models.Model):
    """One moment of an incident's story. Never changed."""

    class Kind(models.TextChoices):
        OPENED = "opened", _("It began")
        FACT = "fact", _("Seen")
        CONSEQUENCE = "consequence", _("What follows from it")
        CALLS = "calls", _("Calls were hit")
        QUIET = "quiet", _("Not seen any more")
        BACK = "back", _("It came back")
        CLOSED = "closed", _("It is over")
        ACKNOWLEDGED = "acknowledged", _("Somebody is on it")
        ASSIGNED = "assigned", _("Given to somebody")
        COMMENT = "comment", _("Comment")
        SNOOZED = "snoozed", _("Put off")
        RESOLVED = "resolved", _("Closed by hand")
        REOPENED = "reopened", _("Opened again")
        ALARM = "alarm", _("People were told")
        STEP = "step", _("What was done")
        UNDONE = "undone", _("A change was undone")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="notes")
    at = models.DateTimeField(_("when"))
    kind = models.CharField(_("what"), max_length=12, choices=Kind.choices)
    by = person(verbose_name=_("who"))
    # A Sentence, or what somebody wrote.
    sentence = models.JSONField(default=dict)
    text = models.TextField(blank=True)

    objects = IncidentNoteQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["incident", "at"], name="incident_note_in_order")
        ]

    def __str__(self) -> str:
        return self.text or str(self.told)

    @property
    def told(self) -> Sentence:
        return Sentence.from_json(self.sentence)


class IncidentCall(models.Model):
    """A call that the incident hit."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="hit")
    call = models.ForeignKey("telephony.Call", on_delete=models.CASCADE, related_name="+")

    class Meta:
        default_permissions = ()
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["incident", "call"], name="incident_call_once")
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.call_id}"


class RuleSettingQuerySet(VisibleQuerySet["RuleSetting"]):
    def by_rule(self) -> "dict[str, RuleSetting]":
        return {row.rule: row for row in self.select_related("changed_by")}


class RuleSetting(models.Model):
    """What staff changed of a rule; a rule without a row is as the code says."""

    rule = models.SlugField(_("rule"), max_length=40, unique=True)
    is_enabled = models.BooleanField(_("watched"), default=True)
    # Where it is critical, safe steps are done at once, without a person.
    heals_itself = models.BooleanField(_("heals by itself"), default=True)
    # {name of the threshold: number}; what is not named is as the code says. Likewise nulls.
    thresholds = models.JSONField(default=dict, blank=True)
    damping = models.PositiveIntegerField(_("seconds before it counts"), null=True, blank=True)
    severity = models.PositiveSmallIntegerField(
        _("severity"), choices=Severity.choices, null=True, blank=True
    )
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = person()

    objects = RuleSettingQuerySet.as_manager()

    class Meta:
        verbose_name = _("rule of incidents")
        verbose_name_plural = _("rules of incidents")
        default_permissions = ("view", "change")

    def __str__(self) -> str:
        return self.rule

    @staticmethod
    def audit_name(name: str) -> str:
        rule = _rules().get(name)
        return str(rule.title if rule else name)

    @staticmethod
    def audit_text(column: str, value: Any, name: str) -> str | None:
        rule = _rules().get(name)
        if column != "thresholds" or rule is None:
            return None
        titles = {limit.name: limit.title for limit in rule.limits}
        return ", ".join(f"{titles.get(key, key)}: {each:g}" for key, each in value.items())

    @staticmethod
    def audit_page(pk: str, name: str) -> str:
        return link("incident-rule", name)


def _rules() -> "Mapping[str, Rule]":
    from monitoring.incidents.rulebook import BY_SLUG  # it imports us

    return BY_SLUG


class SilenceQuerySet(VisibleQuerySet["Silence"]):
    def in_force(self, now: datetime) -> Self:
        return self.filter(lifted_at=None, since__lte=now, until__gt=now)

    def newest(self) -> Self:
        return self.select_related("by", "lifted_by").order_by("-since", "-pk")


class Silence(models.Model):
    """Planned work: nobody is woken until then, but for callers who are lost."""

    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"))
    why = models.CharField(_("why"), max_length=300)
    by = person(verbose_name=_("who"))
    lifted_at = models.DateTimeField(null=True)
    lifted_by = person()

    objects = SilenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("planned work")
        verbose_name_plural = _("planned work")
        default_permissions = ("view", "add")

    def __str__(self) -> str:
        return self.why


class Contact(models.Model):
    """Whom to telephone when something is wrong. Stands on every incident."""

    name = models.CharField(_("who"), max_length=100)
    duty = models.CharField(_("what for"), max_length=200)
    phone = models.CharField(_("telephone"), max_length=60)
    hours = models.CharField(_("when"), max_length=100, blank=True)
    position = models.PositiveSmallIntegerField(_("place in the list"), default=0)

    objects = VisibleQuerySet["Contact"].as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["position", "name", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def dialled(self) -> str:
        """For a link that a telephone opens."""
        return "".join(letter for letter in self.phone if letter.isdigit() or letter == "+")


class Suspicion(models.Model):
    """A trouble that was seen, and not for long enough yet to be an incident."""

    cause = models.CharField(max_length=160, unique=True)
    since = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.cause


class ProgramStart(models.Model):
    """That a program of ours was started: many within minutes are a trouble."""

    # "standby@host"
    name = models.CharField(max_length=200)
    at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["name", "at"], name="program_start_once")
        ]

    def __str__(self) -> str:
        return self.name
