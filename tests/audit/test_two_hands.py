"""Two people undo the same change at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from monitoring import undoing
from telephony.models import Colleague, Gateway
from veyra import audit
from veyra.models import AuditEntry, User

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer"),
    pytest.mark.django_db(transaction=True),
]


def test_the_second_one_of_two_is_told_that_it_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.undoing.wake", lambda _task: None)
    Gateway.objects.create(pk=1, host="198.51.100.1")
    people = [
        User.objects.create_superuser(name, set_up_at=timezone.now()) for name in ("anna", "olga")
    ]
    row = Colleague.objects.create(name="Olga", phone="+79160000001")
    row.phone = "+79160000002"
    row.save()
    entry = AuditEntry.objects.filter(action=audit.Action.UPDATE).get()
    begin = Barrier(2)

    def press(user: User) -> bool:
        try:
            begin.wait(5)
            return undoing.undo(entry, user, "", True) is None
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as hands:
        done = list(hands.map(press, people))
    assert sorted(done) == [False, True]
    assert Colleague.objects.get().phone == "+79160000001"
    assert AuditEntry.objects.filter(action=audit.Action.UPDATE).count() == 2
