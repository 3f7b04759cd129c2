"""From an incident to messages: once each, whatever breaks, and into the story of the incident."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitoring.alarms import deciding, reading, sending_out, working, writing
from monitoring.alarms.models import AlertChannel, Delivery, EscalationStep, Told
from monitoring.alarms.sending_out import LOST, TRIES, UNCLEAR
from monitoring.incidents import services
from monitoring.incidents.models import Incident, IncidentNote, Silence
from monitoring.recovery.services import carry_out, wait_for_ends
from tests.alarms.conftest import NOON, MakeChannel, MakeIncident, after, person
from tests.alarms.servers import Web
from veyra.sentences import Sentence

pytestmark = pytest.mark.django_db
State, Word = Delivery.State, Delivery.Word


def work(*moments: datetime) -> None:
    """With messages that are really sent."""
    for moment in moments:
        working.work(moment)


def decide(*moments: datetime) -> None:
    """Every message that is due arrives, wherever it goes."""
    for moment in moments:
        working.write_due(moment)
        for delivery in Delivery.objects.to_send(moment):
            assert delivery.channel is not None
            assert sending_out.claim(delivery, moment)
            sending_out.succeed(delivery, delivery.channel, moment)


def told() -> list[str]:
    """Whom, in order."""
    return [name for name, _state in states()]


def states(word: str = Word.ALARM) -> list[tuple[str, str]]:
    found = Delivery.objects.filter(word=word).order_by("pk")
    return list(found.values_list("name", "state"))


def test_an_alarm_comes_once_and_its_end_once(
    make_channel: MakeChannel, make_incident: MakeIncident, web: Web
) -> None:
    make_channel()
    incident = make_incident()
    work(NOON, after(seconds=5), after(minutes=20))
    assert web.titles == ["Critical: No assistant comes."]
    assert "March, 12:00" in web.bodies[0] and f"/incidents/{incident.pk}/" in web.bodies[0]
    assert writing.answer_url(Delivery.objects.get())[:40] in web.bodies[0]
    services.resolve(incident, None)
    Incident.objects.update(resolved_at=after(minutes=21))
    work(after(minutes=21), after(minutes=22))
    assert web.titles[1:] == ["It is over: No assistant comes."]
    told = IncidentNote.objects.get(kind="alarm")
    assert str(told.told) == "“duty” was told."


def test_one_that_comes_back_is_told_again(
    make_channel: MakeChannel, make_incident: MakeIncident, web: Web
) -> None:
    make_channel()
    incident = make_incident()
    decide(NOON)
    Incident.objects.filter(pk=incident.pk).update(times=2)
    decide(after(minutes=1))
    assert told() == ["duty", "duty"]


def test_what_was_put_off_is_told_again_to_the_same_people_and_ends_once(
    make_channel: MakeChannel, make_incident: MakeIncident
) -> None:
    make_channel()
    incident = make_incident()
    decide(NOON)
    services.snooze(incident, 30, None)
    Incident.objects.update(snoozed_until=after(minutes=31))
    decide(after(minutes=30))
    assert told() == ["duty"]
    decide(after(minutes=32), after(minutes=33))
    assert told() == ["duty", "duty"]
    services.resolve(incident, None)
    Incident.objects.update(resolved_at=after(minutes=34))
    decide(after(minutes=34), after(minutes=35))
    assert states(Word.OVER) == [("duty", "sent")]


def test_what_was_put_off_and_somebody_is_on_it_is_told_to_nobody(
    make_channel: MakeChannel, make_incident: MakeIncident
) -> None:
    make_channel()
    incident = make_incident()
    decide(NOON)
    services.acknowledge(incident, None)
    services.snooze(incident, 30, None)
    Incident.objects.update(snoozed_until=after(minutes=31))
    decide(after(minutes=32))
    assert told() == ["duty"]


def test_what_began_twice_before_its_end_was_told_ends_once_and_holds_up_no_other(
    make_channel: MakeChannel, make_incident: MakeIncident
) -> None:
    make_channel()
    incident, other = make_incident(), make_incident("Another one.")
    decide(NOON)
    Incident.objects.filter(pk=incident.pk).update(times=2)
    decide(after(minutes=1))
    for row in (incident, other):
        services.resolve(row, None)
    Incident.objects.update(resolved_at=after(minutes=2))
    decide(after(minutes=2), after(minutes=3))
    assert states(Word.OVER) == [("duty", "sent")]
    over = Told.objects.filter(word=Word.OVER).values_list("incident", flat=True)
    assert set(over) == {incident.pk, other.pk}


def test_many_troubles_are_one_message(
    make_channel: MakeChannel, make_incident: MakeIncident, web: Web
) -> None:
    make_channel()
    for number in range(40):
        make_incident(f"Trouble {number}.", severity=2)
    work(NOON, after(seconds=5))
    assert web.titles == ["40 troubles on the line"]
    assert "and 28 more." in web.bodies[0]


def test_what_two_workers_see_at_once_is_sent_once(
    make_channel: MakeChannel, make_incident: MakeIncident
) -> None:
    channel, incident = make_channel(), make_incident()
    scene = working.read([incident], [channel], NOON)
    for _worker in range(2):
        for order in deciding.alarms(scene, NOON):
            working.write(order, Word.ALARM, {incident.pk: incident}, [channel], NOON)
    assert len(states()) == 1
    delivery = Delivery.objects.get()
    assert [sending_out.claim(delivery, NOON) for _worker in range(2)] == [True, False]


def test_the_next_of_the_chain_is_woken_while_nobody_answers(
    make_channel: MakeChannel, make_incident: MakeIncident, web: Web
) -> None:
    anna, boris, clara = (person(name) for name in ("anna", "boris", "clara"))
    for user in (anna, boris, clara):
        make_channel(user.username, person=user)
    for position, step in enumerate((anna, boris, None)):
        EscalationStep.objects.create(position=position, person=step, minutes=5)
    incident = make_incident(severity=2)
    decide(NOON, after(minutes=4))
    assert told() == ["anna"]
    decide(after(minutes=5))
    assert told() == ["anna", "boris"]
    services.acknowledge(incident, boris)
    decide(after(minutes=10), after(minutes=60))
    assert told() == ["anna", "boris"]


def test_nobody_is_told_of_what_was_answered_before_it_was_sent(
    make_channel: MakeChannel, make_incident: MakeIncident, web: Web
) -> None:
    make_channel()
    incident = make_incident()
    web.says(503)
    work(NOON)
    services.acknowledge(incident, None)
    work(after(minutes=1))
    assert states() == [("duty", "needless")] and len(web.asked) == 1
    assert not Told.objects.exists()


def test_a_message_that_was_not_taken_is_tried_again_and_then_given_up(
    make_channel: MakeChannel, make_incident: MakeIncident, web: Web
) -> None:
    channel = make_channel()
    make_incident()
    web.says(503, 503)
    work(NOON)
    working.write_due(after(seconds=14))
    assert not Delivery.objects.to_send(after(seconds=14)).exists()
    channel.refresh_from_db()
    assert channel.failing_since and "busy" in str(channel.why)
    assert reading.failing() == ["duty"] and reading.kinds() == []
    work(after(seconds=30), after(seconds=80))
    assert len(web.asked) == 3 and states() == [("duty", "sent")]
    assert reading.failing() == [] and reading.kinds() == ["Your own program (webhook)"]


def test_tries_have_an_end(make_channel: MakeChannel, make_incident: MakeIncident) -> None:
    channel = make_channel(values={"url": "http://127.0.0.1:9/"})
    make_incident()
    work(NOON)
    Delivery.objects.update(tries=TRIES - 1, not_before=NOON)
    work(after(minutes=8))
    assert states() == [("duty", "failed")]
    assert channel.deliveries.get().why.msgid.startswith("It cannot be reached.")


def test_what_is_critical_takes_another_kind_when_one_fails(
    make_channel: MakeChannel, make_incident: MakeIncident, web: Web
) -> None:
    anna, boris = person("anna"), person("boris")
    make_channel("first", person=anna)
    make_channel("second", "ntfy", person=boris, values={"url": web.url, "topic": "t"})
    make_channel("third", "mattermost", values={"url": f"{web.url}/hooks/{'a' * 26}"}, is_on=False)
    EscalationStep.objects.create(position=0, person=anna)
    EscalationStep.objects.create(position=1, person=boris, minutes=30)
    make_incident()
    decide(NOON)
    assert sorted(told()) == ["first", "second"]


def test_a_channel_that_fails_is_reported_by_another_once(
    make_channel: MakeChannel, web: Web
) -> None:
    broken, well = make_channel("broken", failing_since=NOON), make_channel("well")
    AlertChannel.objects.filter(pk=broken.pk).update(error={"msgid": "It broke.", "values": {}})
    work(after(seconds=59))
    assert web.asked == []
    work(after(seconds=61))
    decide(after(minutes=5), after(minutes=59))
    assert web.titles == ["The alarm channel “broken” does not work"]
    assert "It broke." in web.bodies[0]
    assert well.deliveries.get().about == broken


def test_the_one_after_reports_it_where_the_next_fails_too(make_channel: MakeChannel) -> None:
    make_channel("broken", failing_since=NOON)
    make_channel("next"), make_channel("last")
    working.write_due(after(seconds=61))
    delivery = Delivery.objects.select_related("channel").get(name="next")
    assert delivery.channel is not None
    sending_out.fail(delivery, delivery.channel, Sentence("No."), after(seconds=62))
    decide(after(seconds=66))
    assert states(Word.BROKEN) == [("next", "failed"), ("last", "sent")]


def test_each_channel_is_tried_once_a_week_in_office_hours(
    make_channel: MakeChannel, web: Web
) -> None:
    make_channel()
    night, morning = after(days=7, hours=14), after(days=8)
    decide(after(days=6, hours=23), night)
    assert states(Word.WEEKLY) == []
    work(morning)
    decide(morning + timedelta(minutes=5), morning + timedelta(days=3))
    assert web.titles == ["Veyra: the trial of the week"]
    decide(morning + timedelta(days=7, minutes=1))
    assert len(states(Word.WEEKLY)) == 2


def test_one_that_does_not_work_is_tried_until_it_does(make_channel: MakeChannel) -> None:
    make_channel(failing_since=NOON)
    decide(after(hours=2))
    assert states(Word.WEEKLY) == [("duty", "sent")]
    assert AlertChannel.objects.get().failing_since is None


def test_a_message_whose_sender_died_is_not_sent_twice(
    make_channel: MakeChannel, make_incident: MakeIncident, web: Web
) -> None:
    make_channel()
    make_incident(severity=2)
    working.write_due(NOON)
    sending_out.claim(Delivery.objects.get(), NOON)
    work(NOON + LOST + timedelta(seconds=1))
    lost = Delivery.objects.get()
    assert (lost.state, lost.why.msgid, web.asked) == ("failed", UNCLEAR, [])


def test_planned_work_is_silent_but_not_for_lost_callers(
    make_channel: MakeChannel, make_incident: MakeIncident, web: Web
) -> None:
    make_channel()
    Silence.objects.create(since=NOON, until=after(hours=1), why="New disk")
    make_incident("A disk fills.")
    decide(NOON)
    assert told() == []
    loud = make_incident("Callers are lost.", is_loud=True)
    decide(after(seconds=5), after(minutes=59))
    assert [row.incident for row in Told.objects.all()] == [loud]
    decide(after(hours=1))
    assert len(told()) == 2


def test_a_channel_of_somebody_who_left_is_not_used(
    make_channel: MakeChannel, make_incident: MakeIncident
) -> None:
    make_channel(person=person("anna", is_active=False))
    make_incident()
    decide(NOON)
    assert told() == []


def test_a_look_asks_as_many_questions_however_many_incidents_there_are(
    make_channel: MakeChannel, make_incident: MakeIncident
) -> None:
    channels = [make_channel(name) for name in "abc"]
    few = _questions([make_incident("One.")], channels)
    many = _questions([make_incident(f"{n}.") for n in range(20)], channels)
    assert few == many


def _questions(incidents: Sequence[Incident], channels: Sequence[AlertChannel]) -> int:
    with CaptureQueriesContext(connection) as found:
        working.read(incidents, channels, NOON)
    return len(found)


def test_a_step_tries_the_channels_that_do_not_work(make_channel: MakeChannel, web: Web) -> None:
    make_channel("broken", failing_since=timezone.now(), made_at=timezone.now())
    make_channel("well", made_at=timezone.now())
    row = carry_out("test_channel")
    working.work(timezone.now())
    wait_for_ends(timezone.now())
    row.refresh_from_db()
    assert (row.ok, [asked.path for asked in web.asked]) == (True, ["/broken"])
    web.says(401)
    row = carry_out("test_channel")
    working.work(timezone.now())
    wait_for_ends(timezone.now())
    row.refresh_from_db()
    assert row.ok is False and "“Alarms” says" in str(row.says)
