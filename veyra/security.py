"""What somebody tried and was not allowed to do, kept for whoever answers for the line."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from veyra.sentences import Sentence

if TYPE_CHECKING:  # it imports us
    from django.contrib.auth.models import AnonymousUser

    from veyra.models import User


# Incidents of one moment: more of them tell no more.
MOST_ALARMS = 5


class SecurityEventQuerySet(models.QuerySet["SecurityEvent"]):
    def visible_to(self, user: "User | AnonymousUser") -> Self:
        """As veyra.querysets.VisibleQuerySet, which imports the models."""
        return self if user.is_authenticated and user.is_active else self.none()

    def alarming(self, since: datetime) -> Self:
        """The newest of those of which somebody should hear at once."""
        found = self.filter(at__gte=since, kind__in=SecurityEvent.ALARMING)
        return found.order_by("-at", "-pk")[:MOST_ALARMS]


class SecurityEvent(models.Model):
    """One refusal, or a change of who may do what. Never changed."""

    class Kind(models.TextChoices):
        DIAL_PREFIX = "dial_prefix", _("Call to a number that may not be called")
        DIAL_AT_ONCE = "dial_at_once", _("Too many calls out at once")
        DIAL_MINUTES = "dial_minutes", _("The day's minutes of calls out used up")
        STRANGER = "stranger", _("Call let in from an address that is not in the list")
        LOGIN_ATTACK = "login_attack", _("Many wrong passwords")
        NEW_OWNER = "new_owner", _("A new owner")
        FACTOR_OFF = "factor_off", _("Second factor switched off")
        INVITE_USED = "invite_used", _("Invitation used")
        TOKEN_MADE = "token_made", _("Token for LiveKit made")
        KEY_MADE = "key_made", _("Key for a program made")
        LIVEKIT_KEY = "livekit_key", _("Key for LiveKit changed")
        MASS_EXPORT = "mass_export", _("Much was taken as files")
        MANY_REFUSED = "many_refused", _("Many calls of one address turned away")

    # Guessed passwords have a rule of their own.
    ALARMING: ClassVar = (
        *(Kind.NEW_OWNER, Kind.FACTOR_OFF, Kind.TOKEN_MADE, Kind.KEY_MADE),
        Kind.LIVEKIT_KEY,
        *(Kind.MASS_EXPORT, Kind.MANY_REFUSED),
    )

    kind = models.CharField(_("what"), max_length=20, choices=Kind.choices)
    at = models.DateTimeField(_("when"), auto_now_add=True, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("who"),
    )
    # What happens again and again is told once: who has the same word here is not written twice.
    once = models.CharField(max_length=160, unique=True, null=True, editable=False)  # noqa: DJ001  # unique, mostly unknown
    # A sentence, as (msgid, parameters), so that each reader gets it in his language.
    detail = models.JSONField(default=dict)

    objects = SecurityEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("security event")
        verbose_name_plural = _("security events")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return str(self.get_kind_display())

    @property
    def sentence(self) -> Sentence:
        return Sentence.from_json(self.detail)

    @classmethod
    def note(cls, kind: Kind, user: "User | None", msgid: str, **values: Any) -> None:
        """`msgid`: a sentence that is marked with gettext_noop; `values`: what stands in it."""
        detail = Sentence(msgid, values).to_json()
        cls.objects.create(kind=kind, user=user, detail=detail)


# Failed logins are of use for a day, and so many rows are enough to see an attack.
KEPT = timedelta(days=1)
ROWS = 5000


class FailedLogin(models.Model):
    """Logins that failed within one minute, from one address to one account, counted."""

    minute = models.DateTimeField(db_index=True)
    address = models.CharField(max_length=64)
    # Null: there is no account of that name. What was typed is not kept: it may be a password.
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    count = models.PositiveIntegerField(default=1)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.address

    @classmethod
    def note(cls, address: str, account: "User | None", now: datetime) -> int:
        """One more; the row that counts it."""
        same = {
            "minute": now.replace(second=0, microsecond=0),
            "address": address[:64],
            "account": account,
        }
        known: int | None = cls.objects.filter(**same).values_list("pk", flat=True).first()
        if known and cls.objects.filter(pk=known).update(count=F("count") + 1):
            return known
        # Two who are the first at once make two rows, which are added up.
        cls.objects.filter(minute__lt=now - KEPT).delete()
        cls._make_room()
        made: int = cls.objects.create(**same).pk
        return made

    @classmethod
    def take_back(cls, row: int) -> None:
        """One less: it was right, or not even tried."""
        cls.objects.filter(pk=row, count__gt=0).update(count=F("count") - 1)
        cls.objects.filter(pk=row, count=0).delete()

    @classmethod
    def _make_room(cls) -> None:
        """The oldest go: an attack by many addresses must not hide those that come after them."""
        last = cls.objects.order_by("-minute", "-pk")[ROWS - 1 :].values_list("pk", flat=True)
        if too_many := list(last):
            cls.objects.filter(pk__in=too_many).delete()

    @classmethod
    def counts(cls, since: datetime) -> dict[str, int]:
        """How many since then: by address, and by the name of the account that was meant."""
        found: dict[str, int] = {}
        rows = cls.objects.filter(minute__gte=since - timedelta(minutes=1))
        for address, name, count in rows.values_list("address", "account__username", "count"):
            for what in filter(None, (address, name)):
                found[what] = found.get(what, 0) + count
        return found
