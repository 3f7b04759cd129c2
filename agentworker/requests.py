"""What an assistant asks of the line: a row each. Telephony carries it out and answers the job."""

from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from veyra.querysets import VisibleQuerySet

# The data packet by which the assistant hears what came of it: {"id": key, "answer": Answer}.
TOPIC = "veyra.answer"
# Who asks for somebody waits for an answer so long; nobody is rung for him later.
PATIENCE_SECONDS = 20.0
# For as long as a number is rung that the provider is to connect.
NUMBER_SECONDS = 60.0


class AgentRequestQuerySet(VisibleQuerySet["AgentRequest"]):
    def waiting(self) -> Self:
        """The oldest first."""
        return self.filter(state=AgentRequest.State.WAITING).order_by("asked_at", "pk")

    def begun(self) -> Self:
        """Taken up, and not answered yet."""
        return self.filter(state=AgentRequest.State.DOING).order_by("asked_at", "pk")


class AgentRequest(models.Model):
    """Asked for during a conversation; done at most once."""

    class Kind(models.TextChoices):
        TRANSFER = "transfer", _("connect with a person")
        MESSAGE = "message", _("message")
        CALL_BACK = "call_back", _("call back")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DOING = "doing", _("Being done")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    class Answer(models.TextChoices):
        """What the assistant is told."""

        DONE = "done"
        NOBODY_FREE = "nobody_free"
        FAILED = "failed"

    key = models.UUIDField(unique=True, editable=False)
    job_id = models.CharField(max_length=64, db_index=True)
    room_name = models.CharField(max_length=200, blank=True)
    room_sid = models.CharField(max_length=64, blank=True, db_index=True)
    # The caller for whom it is asked.
    sip_call_id = models.CharField(max_length=64, blank=True)
    participant_sid = models.CharField(max_length=64, blank=True)
    kind = models.CharField(_("what"), max_length=10, choices=Kind.choices)
    # Of a transfer {"to": "colleague:<key>", "team:<key>" or E.164, "whom": how it is called}; of a
    # message {"text", "when", "number"}, of a call back {"when", "number"}: as the caller said it.
    params = models.JSONField(default=dict, blank=True)
    asked_at = models.DateTimeField(_("asked"))
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    claimed_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=12, choices=Answer.choices, blank=True)

    objects = AgentRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request of an assistant")
        verbose_name_plural = _("requests of assistants")
        ordering = ["-asked_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["asked_at"],
                condition=models.Q(state__in=["waiting", "doing"]),
                name="agent_request_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
