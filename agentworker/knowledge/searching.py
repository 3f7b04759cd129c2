"""What an assistant finds in its documents."""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

from django.db.models import Q

from agentworker.knowledge.models import Passage
from agentworker.knowledge.ranking import rank
from veyra.wordforms import WORD, stems

# So many passages are compared: a caller waits.
MOST = 500
# A question has few words; a pasted text would be many conditions.
MOST_WORDS = 20
SHORTEST = 3


def search(keys: Sequence[str], words: str, limit: int = 3) -> list[Passage]:
    """The passages of these documents (Document.key) that fit best, in any form of the words.

    Blocks; raises DatabaseError.
    """
    asked = _telling(words)
    if not keys or not asked:
        return []
    there = Passage.objects.filter(document__key__in=list(keys))
    held = there.filter(reduce(or_, (Q(stems__says=word) for word in asked)))
    rows = dict(held.order_by("pk").values_list("pk", "stems")[:MOST])
    best = rank(_stems(asked), {pk: text.split() for pk, text in rows.items()}, there.count())
    found = Passage.objects.select_related("document").in_bulk(best[:limit])
    return [found[pk] for pk in best[:limit] if pk in found]


def _telling(words: str) -> list[str]:
    """Without the shortest, which stand everywhere; with them where there are no others."""
    found = list(dict.fromkeys(WORD.findall(words)))
    return ([word for word in found if len(word) >= SHORTEST] or found)[:MOST_WORDS]


def _stems(words: Iterable[str]) -> list[str]:
    return stems(" ".join(words))
