"""What comes into a room and what is done in it makes no call."""

import pytest
from livekit import api

from recordings import rooms, streaming
from recordings.models import RoomAction
from telephony import folding
from telephony.models import Call, CallEvent
from tests import webhooks
from tests.simulator.conftest import KEY, SECRET, Simulated
from veyra.livekit.media import Ingress
from veyra.livekit.simulator import sequence
from veyra.livekit.simulator.speaker import signed
from veyra.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def test_who_sends_into_a_room_by_an_incoming_stream_is_no_caller(livekit: Simulated) -> None:
    user = User.objects.create_user("anna")
    with livekit.client() as asked:
        made = asked.create_ingress(Ingress(room="studio", identity="in_1"))
        livekit.do(livekit.switchboard.inputs.begin(made.id))
        (room,) = asked.list_rooms(["studio"])
        streaming.begin(room, "rtmp://live.example.org/app/some-key", False, user)
        asked.start_stream("studio", ["rtmp://live.example.org/app/some-key"], has_picture=False)
        deed = rooms.Deed(RoomAction.Kind.CLOSE, "studio", room.sid)
        rooms.carry_out(deed, user)
    said = [one for one in livekit.said if isinstance(one, api.WebhookEvent)]
    for one in said:
        body = sequence.body(one)
        assert webhooks.post(body.encode(), signed(body, KEY, SECRET)) == 200
    folding.drain()
    kinds = set(CallEvent.objects.filter(room_sid=room.sid).values_list("kind", flat=True))
    assert {"ingress_started", "participant_joined", "egress_started", "room_finished"} <= kinds
    assert {"staff_stream", "staff_room_close"} <= kinds
    assert not Call.objects.exists()
