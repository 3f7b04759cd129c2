"""Whatever a program sends, it is answered as the description says, and never by a 500.

API_REQUESTS is how many requests the long run sends, all in all.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from django.conf import LazySettings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as how
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from monitoring.models import Incident
from recordings.models import Ingress, Recording, Stream
from telephony.models import Call, DispatchRule, PhoneNumber
from tests.api.conftest import member
from tests.simulator.conftest import KEY, SECRET, Simulated, simulated
from veyra.models import ApiKey, User
from veyra.rest import keys

pytestmark = [pytest.mark.django_db, pytest.mark.prove]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
REQUESTS = int(os.environ.get("API_REQUESTS", "3000"))


@pytest.fixture
def described() -> Iterator[Any]:
    """The doors, behind a server of this very thread, whose connection to the database stays."""
    found = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # not in the stubs
    schema = schemathesis.openapi.from_dict(found)
    schema.app = WSGIHandler()
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield schema
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def doors(schema: Any) -> list[Any]:
    return [found.ok() for found in schema.get_all_operations()]


@pytest.fixture
def there(line: DispatchRule, settings: LazySettings) -> dict[str, Any]:
    """The key of a row of each kind, by the word that is in the address of its door."""
    now, number = timezone.now(), PhoneNumber.objects.get()
    call = Call.objects.create(state="answered", number=number, started_at=now, answered_at=now)
    incident = Incident.objects.create(
        rule="disk", cause="disk", severity=3, opened_at=now, seen_at=now
    )
    return {
        **{"calls": call.pk, "agents": line.agent_id, "rules": line.pk, "numbers": number.pk},
        **{"trunks": number.trunk_id, "incidents": incident.pk},
        "recordings": Recording.objects.create(call=call, state="ready", seconds=3).pk,
        "streams": Stream.objects.create(room_name="r").pk,
        "ingresses": Ingress.objects.create(name="in", kind="rtmp", room_name="r").pk,
    }


def fuzz(
    schema: Any, headers: dict[str, str], requests: int, there: Mapping[str, Any]
) -> Counter[int]:
    """Send so many requests in all, spread over the doors; how often each status was answered. Of
    those about one row every second is about one that is there.
    """
    operations = doors(schema)
    sent: Counter[int] = Counter()
    for operation in operations:
        strategy = operation.as_strategy()
        # The description takes half a second each time, and asks for nothing.
        share = 1 if "/schema/" in operation.path else max(1, requests // len(operations))

        @how(
            max_examples=share,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def ask(case: Any) -> None:
            ApiKey.objects.update(used=0)
            kind = case.operation.path.split("/")[3]
            if sent.total() % 2 and kind in there and case.path_parameters:
                case.path_parameters = dict.fromkeys(case.path_parameters, str(there[kind]))
            answer = case.call(headers=headers)
            sent[answer.status_code] += 1
            case.validate_response(answer, checks=CHECKS)

        ask()
    told = ", ".join(f"{status}: {count}" for status, count in sorted(sent.items()))
    sys.stdout.write(f"\n{sent.total()} requests to {len(operations)} doors ({told})\n")
    return sent


def test_an_owner_s_program_meets_no_fault_of_ours(
    described: Any, there: dict[str, Any], simulated: Simulated, settings: LazySettings
) -> None:
    settings.LIVEKIT_URL = simulated.url.replace("http", "ws")
    settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET = KEY, SECRET
    owner = member("Owner")
    _row, secret = keys.make("fuzz", owner, 1)
    headers = {"Authorization": f"Bearer {secret}"}
    seen = fuzz(described, headers, REQUESTS, there)
    assert seen.total() >= REQUESTS // 2
    assert {200, 400, 404} <= seen.keys() and max(seen) < 500, seen


def test_nobody_comes_in_without_a_key(described: Any, line: DispatchRule) -> None:
    rows = Call.objects.count(), DispatchRule.objects.count(), User.objects.count()
    seen = fuzz(described, {}, REQUESTS // 10, {})
    assert seen.total() >= REQUESTS // 20 and seen[401] == seen.total(), seen
    assert rows == (Call.objects.count(), DispatchRule.objects.count(), User.objects.count())


__all__ = ["simulated"]
