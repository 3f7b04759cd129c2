"""An erasure that is killed at any question to the database is gone on with to its end."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from monitoring import forgetting
from monitoring.erasure import Erasure
from recordings import owning
from recordings.models import Recording, Storage
from recordings.stores import store_of
from telephony.models import Call
from tests.keeping.conftest import HIS, everything_else
from tests.keeping.test_forgetting import TRACES, database

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("well"), pytest.mark.prove]


class Cut:
    """Dies at one of the questions; `asked` counts them."""

    def __init__(self, at: int | None) -> None:
        self.at, self.asked = at, 0

    def __call__(self, execute: Any, *question: Any) -> Any:
        self.asked += 1
        if self.asked == self.at:
            raise KeyboardInterrupt
        return execute(*question)


@pytest.mark.parametrize("share", [n / 40 for n in range(1, 41)])
def test_wherever_it_is_killed_it_is_gone_on_with(
    caller: Callable[..., Call], make_user: Any, share: float
) -> None:
    user = make_user()
    # How many questions it takes, seen with somebody else who is like him.
    everything_else(caller(), user)
    # As whoever tidies a storage does; a folder without it, and without a file, may be no disk.
    owning.claim(store_of(Storage.objects.get()))
    forgetting.ask(HIS, user, timezone.now())
    with connection.execute_wrapper(whole := Cut(None)):
        forgetting.work(timezone.now())
    everything_else(call := caller(), user)
    store = store_of(Storage.objects.get())
    files = list(Recording.objects.filter(call=call).values_list("file", flat=True))
    forgetting.ask(HIS, user, timezone.now())
    cut = Cut(max(1, int(whole.asked * share)))
    with connection.execute_wrapper(cut), pytest.raises(KeyboardInterrupt):
        forgetting.work(timezone.now())
    forgetting.work(timezone.now())
    assert not Erasure.objects.open().exists()
    assert [trace for trace in TRACES if trace in database()] == []
    assert files and not any(store.exists(name) for name in files)
