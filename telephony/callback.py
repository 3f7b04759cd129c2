"""People who wanted us and whom nobody talked to, or not to the end: they are to be called back."""

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agentworker.scope import ScopedQuerySet
from telephony import scope
from telephony.numbers import part_of_any_spelling
from telephony.reasons import sentence
from veyra.models import User
from veyra.sentences import Sentence


class CallBackQuerySet(ScopedQuerySet["CallBack"]):
    def within(self, places: frozenset[int], user: User) -> Self:
        return self.filter(scope.numbers(places, "number") | scope.calls(places, user, "call"))

    def waiting(self) -> Self:
        return self.filter(done_at=None)

    def done(self) -> Self:
        return self.exclude(done_at=None)

    def done_since(self, moment: datetime) -> Self:
        """The newest first."""
        return self.filter(done_at__gte=moment).order_by("-done_at")

    def of_caller(self, caller: str) -> Self:
        return self.filter(caller=caller)

    def matching(self, text: str) -> Self:
        """Of numbers with these digits, in whatever spelling; or with these words in the message or
        the note.
        """
        of_number = models.Q(caller__contains=part_of_any_spelling(text))
        said = models.Q(note__icontains=text) | models.Q(message__icontains=text)
        return self.filter(of_number | said)

    def since(self, moment: datetime) -> Self:
        """That know of a call which began then, or later."""
        return self.filter(last_at__gte=moment)

    def before(self, moment: datetime) -> Self:
        """That know of no call which began then, or later."""
        return self.filter(last_at__lt=moment)

    def newest(self) -> dict[str, datetime]:
        """When the newest call of each caller began that these rows know of."""
        rows = self.order_by().values("caller").annotate(newest=models.Max("last_at"))
        return dict(rows.values_list("caller", "newest"))

    def shown(self) -> Self:
        """With all that a row of the list names."""
        return self.select_related("number", "done_by")


class CallBack(models.Model):
    """Somebody who is to be called back. Who calls again while he waits is counted, not doubled."""

    # E.164 where the provider's text can be read as such.
    caller = models.CharField(_("who called"), max_length=100)
    number = models.ForeignKey(
        "telephony.PhoneNumber",
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("our number"),
    )
    # The newest of his calls that came to nothing.
    call = models.ForeignKey(
        "telephony.Call",
        null=True,
        on_delete=models.SET_NULL,
        related_name="call_backs",
        verbose_name=_("call"),
    )
    # A code of telephony.reasons.
    reason = models.CharField(_("why"), max_length=60, blank=True)
    times = models.PositiveIntegerField(_("times"), default=1)
    first_at = models.DateTimeField(_("first called"))
    last_at = models.DateTimeField(_("last called"))
    # What he asked an assistant to pass on, in his words, a line for each time.
    message = models.TextField(_("what he wants"), blank=True)
    note = models.TextField(_("note"), blank=True)
    done_at = models.DateTimeField(_("done"), null=True, editable=False)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
        verbose_name=_("who called back"),
    )

    objects = CallBackQuerySet.as_manager()

    class Meta:
        verbose_name = _("call to return")
        verbose_name_plural = _("calls to return")
        ordering = ["-last_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["caller"], condition=models.Q(done_at=None), name="call_back_once"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-last_at"], name="call_back_newest"),
            models.Index(
                fields=["-last_at"], condition=models.Q(done_at=None), name="call_back_waiting"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def why(self) -> Sentence:
        return sentence(self.reason)

    def mark(self, user: User, *, done: bool) -> bool:
        """Called back; or not done, and to be called after all. False: it stands so already, or he
        called once more meanwhile and waits in another row.
        """
        rows = CallBack.objects.filter(pk=self.pk, done_at__isnull=done)
        values = {"done_at": timezone.now(), "done_by": user} if done else NOT_DONE
        try:
            with transaction.atomic():
                return bool(rows.update(**values))
        except IntegrityError:
            return False


NOT_DONE = {"done_at": None, "done_by": None}
