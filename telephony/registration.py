"""Lines that must sign in at their provider: what staff type, and how the sign-in stands."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Self

from django.db import models
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext_lazy as _

from veyra.querysets import VisibleQuerySet
from veyra.secrets import EncryptedTextField
from veyra.sentences import Sentence

if TYPE_CHECKING:  # it imports us
    from telephony.models import Trunk


class RegisterTransport(models.TextChoices):
    UDP = "udp", "UDP"
    TCP = "tcp", "TCP"
    TLS = "tls", _("TLS (encrypted)")


class NumberIn(models.TextChoices):
    """Where a provider that we sign in at writes the number that was called."""

    ANY = "any", _("as its calls show")
    TO = "to", "To"
    REQUEST = "request", _("in the request line")
    CALLED_DID = "called_did", "CALLED_DID"
    DIVERSION = "diversion", "Diversion"


class Registering(models.Model):
    """The part of a provider connection that signs in with a login; without a host it does not."""

    # host[:port]: the name that stands in the provider's letter, and the domain of our address.
    register_at = models.CharField(_("provider's server"), max_length=200, blank=True)
    register_login = models.CharField(_("login at the provider"), max_length=100, blank=True)
    register_password = EncryptedTextField(_("password at the provider"), blank=True)
    # host[:port] that everything is sent to instead, where the provider has one.
    register_proxy = models.CharField(_("outbound proxy"), max_length=200, blank=True)
    register_transport = models.CharField(
        _("transport of the sign-in"),
        max_length=3,
        choices=RegisterTransport.choices,
        default=RegisterTransport.UDP,
    )
    number_in = models.CharField(
        _("where the called number is written"),
        max_length=10,
        choices=NumberIn.choices,
        default=NumberIn.ANY,
    )
    # What its last call showed; "" before the first one.
    learned_number_in = models.CharField(max_length=10, blank=True, editable=False)
    # host[:port] by which the provider wants our calls, as it answered to the sign-in.
    service_route = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        abstract = True


class RegistrationQuerySet(VisibleQuerySet["Registration"]):
    def open(self) -> Self:
        """How each line stands now."""
        return self.filter(over_at=None)

    def now(self, trunk: "Trunk") -> "Registration | None":
        """How this line stands now; None where nobody has tried yet."""
        return self.open().filter(trunk=trunk).first()

    def with_key(self) -> Self:
        """Adds `key`, that of the connection."""
        return self.annotate(key=models.F("trunk__key"))

    def of(self, trunk: "Trunk") -> Self:
        """How the line stood, newest first."""
        return self.filter(trunk=trunk).order_by("-since", "-pk")

    def try_again(self, trunk: "Trunk") -> None:
        """Whoever rests because it was refused does not wait for its next turn."""
        self.open().filter(trunk=trunk).update(again_at=timezone.now())

    def forget_before(self, moment: datetime) -> None:
        self.filter(over_at__lt=moment).delete()


class Registration(models.Model):
    """How a line's sign-in stands (`over_at` is null), or stood from `since` to `over_at`.

    `telephony.registering` alone writes it: a new row where the state or its cause changes, and
    `until` moves on with each renewal.
    """

    class State(models.TextChoices):
        REGISTERED = "registered", _("Signed in")
        TRYING = "trying", _("Signing in")
        REFUSED = "refused", _("Refused")
        SILENT = "silent", _("No answer")
        UNKNOWN = "unknown", _("No such server")
        WRONG = "wrong", _("Cannot sign in")
        AWAY = "away", _("Not running")

    trunk = models.ForeignKey(
        "telephony.Trunk",
        on_delete=models.CASCADE,
        related_name="registrations",
        verbose_name=_("provider connection"),
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    # The provider's last final answer; 0: there was none.
    code = models.PositiveSmallIntegerField(_("answer"), default=0)
    reason = models.CharField(_("its words"), max_length=200, blank=True)
    # Who answered, or was asked in vain: an address.
    address = models.CharField(_("provider's address"), max_length=64, blank=True)
    since = models.DateTimeField(_("since"), default=timezone.now)
    until = models.DateTimeField(_("until"), null=True)
    seen_at = models.DateTimeField(_("looked at"), default=timezone.now)
    over_at = models.DateTimeField(_("ended"), null=True)
    # A person asked for a try at once.
    again_at = models.DateTimeField(null=True)
    # What it means and what to do, as (msgid, parameters).
    result = models.JSONField(default=dict, blank=True)

    # with_key() fills it.
    key: uuid.UUID | None = None

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        verbose_name = _("sign-in to the provider")
        verbose_name_plural = _("sign-ins to the provider")
        ordering = ["-since", "-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["trunk"], condition=models.Q(over_at=None), name="registration_now_once"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["trunk", "-since"], name="registration_history")
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.code}"

    @property
    def sentence(self) -> Sentence:
        """How it stands and what to do, for whoever reads it now: times are in his time zone."""
        found = Sentence.from_json(self.result)
        times = {"since": self.since, "until": self.until}
        said = {name: _moment(at) for name, at in times.items() if at}
        return Sentence(found.msgid, {"until": "…", **found.values, **said})


def _moment(at: datetime) -> str:
    here = timezone.localtime(at)
    is_today = here.date() == timezone.localdate()
    return time_format(here, "H:i") if is_today else date_format(here, "j E, H:i")
