"""Documents that nobody knows any more."""

from datetime import datetime, timedelta

from agentworker.knowledge.models import Document
from agentworker.models import AgentDraft, AgentVersion

# Whoever has just given one may still be writing the draft that names it.
KEPT = timedelta(days=1)


def forget(now: datetime) -> int:
    """Delete those that no draft and no version names; how many."""
    known: set[str] = set()
    for model in (AgentDraft, AgentVersion):
        for keys in model.objects.exclude(knowledge=[]).values_list("knowledge", flat=True):
            known.update(keys)
    old = Document.objects.filter(added_at__lt=now - KEPT).values_list("pk", "key")
    gone = [pk for pk, key in old if str(key) not in known]
    Document.objects.filter(pk__in=gone).delete()
    return len(gone)
