"""Keys of providers are tried: when one is saved, when somebody asks, and every hour."""

import asyncio
import logging
import time
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from agentworker.keys import ProviderKey
from agentworker.providers import PROVIDERS
from agentworker.providers.catalog import Access, Provider
from agentworker.providers.errors import Kind, ProviderError, read
from agentworker.providers.net import close_all
from veyra.celery import wake
from veyra.secrets import SecretError
from veyra.sentences import Sentence

log = logging.getLogger(__name__)
TASK = "agentworker.test_keys"
AGAIN = timedelta(hours=1)
LATELY = timedelta(minutes=1)
SECONDS = 20.0
WORKS = _("Works, %(ms)s ms.")
LOCKED = _("What is stored cannot be read any more: FIELD_KEYS were changed. Type the key anew.")


def may_test(provider: Provider | None) -> bool:
    return provider is not None and provider.check is not None and provider.is_installed


def ask(row: ProviderKey) -> None:
    """Have it tested soon."""
    if may_test(PROVIDERS.get(row.provider)):
        ProviderKey.objects.filter(pk=row.pk).update(due_at=timezone.now())
        wake(TASK)


def suspect(providers: Collection[str]) -> None:
    """They failed in a call: their keys are tested soon, unless that was done a moment ago."""
    now = timezone.now()
    lately = Q(tested_at__gte=now - LATELY)
    rows = ProviderKey.objects.kept().filter(provider__in=providers, due_at__gt=now)
    if rows.exclude(lately).update(due_at=now):
        wake(TASK)


def work() -> None:
    """Test what is due, one after the other."""
    while row := _claimed(timezone.now()):
        _note(row, *_outcome(row))


def _claimed(now: datetime) -> ProviderKey | None:
    for row in ProviderKey.objects.due(now):
        mine = ProviderKey.objects.filter(pk=row.pk, due_at=row.due_at)
        if mine.update(due_at=now + AGAIN):
            return row
    return None


def _outcome(row: ProviderKey) -> tuple[Sentence, int | None]:
    """What to say, and in how many milliseconds it answered; None: it did not."""
    provider = PROVIDERS.get(row.provider)
    if provider is None or provider.check is None:
        return ProviderError.of(Kind.GONE).sentence, None
    try:
        access = row.access
    except SecretError:
        return Sentence(LOCKED), None
    started = time.monotonic()
    try:
        asyncio.run(_tried(provider, access))
    except Exception as error:  # whatever a vendor's library makes of an answer
        found = read(error)
        log.info("a key of %s does not work: %s", row.provider, found.kind)
        return found.sentence, None
    took = round(1000 * (time.monotonic() - started))
    return Sentence(WORKS, {"ms": took}), took


async def _tried(provider: Provider, access: Access) -> None:
    if provider.check is None:
        raise ProviderError.of(Kind.GONE)
    try:
        async with asyncio.timeout(SECONDS):
            await provider.check(access)
    finally:
        await close_all()


def _note(row: ProviderKey, sentence: Sentence, took: int | None) -> None:
    """Of a key that was changed meanwhile nothing is known yet."""
    ProviderKey.objects.filter(pk=row.pk, revision=row.revision).update(
        works=took is not None,
        verdict=sentence.to_json(),
        tested_at=timezone.now(),
        tested_ms=took,
    )
