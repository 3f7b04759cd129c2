"""Guessing a password or a code is slow: who was wrong often waits.

The wrong ones are counted in rows (veyra.security.FailedLogin): all web processes count together.
Each try is counted before it is made, and taken back if it was right: of a thousand that come at
once no more are made than of a thousand one after another.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from veyra.models import FailedLogin, SecurityEvent, User
from veyra.sentences import Sentence

WINDOW = timedelta(minutes=5)
# Within it: from one address for one account; from one address; for one account from anywhere.
OF_BOTH, OF_ADDRESS, OF_ACCOUNT = 5, 20, 50
ATTACK = _("Somebody guesses a password from %(address)s. Logins from there wait.")

# Of one minute, or a little less: the address, the account's id, how many.
Count = tuple[str, int | None, int]


def must_wait(counts: Iterable[Count], address: str, account: int | None) -> bool:
    """Were there too many of late? Pure."""
    counts = list(counts)
    of_address = sum(count for where, _who, count in counts if where == address)
    whose = [one for one in counts if account is not None and one[1] == account]
    of_both = sum(count for where, _who, count in whose if where == address)
    of_account = sum(count for _where, _who, count in whose)
    return of_both >= OF_BOTH or of_address >= OF_ADDRESS or of_account >= OF_ACCOUNT


@dataclass(frozen=True)
class Try:
    """One that is counted as wrong until it is known to be right."""

    row: int

    def was_right(self) -> None:
        FailedLogin.take_back(self.row)


def begin(request: HttpRequest, account: User | None, now: datetime | None = None) -> Try | None:
    """None: he must wait, and may not even try. That it came so far is told once an hour."""
    now, address = now or timezone.now(), address_of(request)
    row = FailedLogin.note(address, account, now)
    whose = Q(address=address) | Q(account=account) if account else Q(address=address)
    rows = FailedLogin.objects.filter(whose, minute__gt=now - WINDOW)
    counts = rows.values_list("address", "account_id", "count")
    this = (address, pk_of(account), -1)
    if not must_wait([*counts, this], address, pk_of(account)):
        return Try(row)
    FailedLogin.take_back(row)
    SecurityEvent.objects.get_or_create(
        once=f"login:{address}:{now:%Y%m%d%H}",
        defaults={
            "kind": SecurityEvent.Kind.LOGIN_ATTACK,
            "user": account,
            "detail": Sentence(ATTACK, {"address": address}).to_json(),
        },
    )
    return None


def address_of(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))[:64]


def pk_of(account: User | None) -> int | None:
    return account.pk if account else None
