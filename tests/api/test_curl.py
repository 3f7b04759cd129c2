"""A person makes a key on its page, and places a call by curl."""

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from agentworker.models import Agent
from telephony import dialling
from telephony.models import OutboundCall
from tests.api.conftest import member
from tests.callout.conftest import Exchange, MakeNumber, agent, exchange, make_number
from veyra.models import ApiKey

__all__ = ["agent", "exchange", "make_number"]

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.prove,
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here"),
]
PERSON = "+79161234567"


def curl(key: str, address: str, *more: str) -> dict[str, Any]:
    command = ["curl", "-sS", "-H", f"Authorization: Bearer {key}", *more, address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_key_from_the_page_places_a_call_by_curl(
    live_server: LiveServer, exchange: Exchange, agent: Agent, make_number: MakeNumber
) -> None:
    make_number()
    client = Client()
    client.force_login(member("Owner"))
    role = Group.objects.get(name="Operator")
    page = client.post("/api-keys/new/", {"name": "CRM", "as_whom": role.pk, "days": "30"})
    found = re.search(r"veyra_[0-9a-f]{64}", page.content.decode())
    assert found
    calls = f"{live_server.url}/api/v1/calls/"
    body = ("-H", "Content-Type: application/json", "-d", json.dumps({"to": PERSON}))
    once = ("-H", "Idempotency-Key: order-15")
    placed = curl(found[0], calls, *body, *once)
    assert curl(found[0], calls, *body, *once) == placed
    row = OutboundCall.objects.get()
    assert (str(row.pk), row.to_number, row.state) == (placed["id"], PERSON, "waiting")
    assert row.asked_by == ApiKey.objects.get().user
    while dialling.run_next():
        pass
    told = curl(found[0], f"{calls}{row.pk}/placing/")
    assert told["state"] == "dialled", told["sentence"]
    assert [dial.to for dial in exchange.dialled] == [PERSON]
