"""The mission's line with a believable hour of calls behind it, and its removal without a trace.

Rows that staff can see carry `is_demo`. The facts beneath them are known by the ids of their
rooms and calls, which have a form that LiveKit never gives.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random

from django.db import transaction
from django.db.models import Model, ProtectedError, Q
from django.utils.translation import gettext_noop

from agentworker.models import Agent, AgentVersion, Language, Session, SessionEvent
from agentworker.versions import script_of
from telephony import intake
from telephony.folding import drain
from telephony.history import CALL_IDS, JOB_IDS, ROOM_IDS, Line, past_call
from telephony.imagined import ENDINGS, imagine_call
from telephony.models import Call, CallEvent, DispatchRule, FoldUnit, Gateway, PhoneNumber, Trunk
from veyra.celery import wake
from veyra.sentences import Sentence

CALLS = 24
HOUR = timedelta(hours=1)
# No call of the demo is still going on.
LAST_START = timedelta(minutes=4)
SOURCE_IP = "37.139.38.224"

GREETING = "Здравствуйте! Вы позвонили в службу поддержки. Чем вам помочь?"
GOODBYE = "Спасибо за звонок. До свидания!"
NOT_UNDERSTOOD = "Извините, не удалось разобрать."
HOURS = "Мы работаем каждый день с девяти утра до девяти вечера по московскому времени."
REQUESTS = (
    "Ответ по каждой заявке приходит в течение одного рабочего дня. "
    "Номер заявки стоит в письме, которое мы вам прислали."
)
ADDRESS = "Адрес и схема проезда есть на сайте, в разделе «Контакты»."
PEOPLE = "Все специалисты сейчас заняты. Оставьте заявку на сайте, и вам перезвонят."
MENU = [
    {"press": "1", "about": "Часы работы", "say": HOURS},
    {"press": "2", "about": "Заявки и заказы", "say": REQUESTS},
    {"press": "3", "about": "Как нас найти", "say": ADDRESS},
]
RULES = [
    {"words": ["работаете", "открыты", "часы", "график"], "say": HOURS},
    {"words": ["заявка", "заказ", "доставка"], "say": REQUESTS},
    {"words": ["адрес", "доехать", "находитесь"], "say": ADDRESS},
    {"words": ["оператор", "специалист", "человек"], "say": PEOPLE},
]


class DemoRefused(Exception):
    """The demo cannot be put here; `sentence` says why."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.msgid)
        self.sentence = sentence


def is_here() -> bool:
    """Is there anything that `remove` would remove?"""
    return any(model.objects.filter(is_demo=True).exists() for model in (Trunk, Agent, Call))


def fill(now: datetime, dice: Random) -> int:
    """Make the line and its hour of calls; how many calls. Raises DemoRefused."""
    with transaction.atomic():
        _refuse_a_used_database()
        line = _make_line()
        _make_hour(line, now, dice)
    # The fold is the one that folds real calls; it also runs by itself, later.
    drain()
    calls = Call.objects.filter(legs__sip_call_id__startswith=CALL_IDS)
    # Of a connection that LiveKit has not been given yet no fact can tell.
    calls.exclude(rule=None).update(trunk=line.trunks.get())
    wake("telephony.apply")
    return calls.update(is_demo=True)


def _refuse_a_used_database() -> None:
    if Trunk.objects.exists():
        raise DemoRefused(
            Sentence(
                gettext_noop(
                    "There already is a provider connection here. The demo is for a fresh "
                    "database: point VEYRA_STATE or DATABASE_URL at an empty one."
                )
            )
        )
    taken = Agent.objects.filter(name="Поддержка").exists()
    if taken or DispatchRule.objects.filter(name="Поддержка").exists():
        raise DemoRefused(
            Sentence(
                gettext_noop(
                    "The name “%(name)s” is taken already. Rename what bears it, and try again."
                ),
                {"name": "Поддержка"},
            )
        )


def _make_line() -> DispatchRule:
    agent = Agent.objects.create(name="Поддержка", is_demo=True)
    AgentVersion.objects.create(
        agent=agent,
        number=1,
        language=Language.RUSSIAN,
        greeting=GREETING,
        menu=MENU,
        rules=RULES,
        fallback=NOT_UNDERSTOOD,
        goodbye=GOODBYE,
    )
    trunk = Trunk.objects.create(
        name="trunk1", provider="novofon", addresses="37.139.38.0/24", is_demo=True
    )
    PhoneNumber.objects.create(number="+74991124148", label="Поддержка", trunk=trunk, is_demo=True)
    rule = DispatchRule.objects.create(
        name="Поддержка", agent=agent, room="support-room-", is_demo=True
    )
    rule.trunks.add(trunk)
    return rule


def _make_hour(rule: DispatchRule, now: datetime, dice: Random) -> None:
    version = rule.agent.versions.get()
    brief = json.dumps({"agent": str(rule.agent.key), "rule": str(rule.key)})
    line = Line("74991124148", SOURCE_IP, str(rule.key), rule.room, brief, script_of(version))
    events: list[CallEvent] = []
    for ending in (*ENDINGS, *dice.choices(ENDINGS, k=CALLS - len(ENDINGS))):
        at = now - dice.uniform(LAST_START / HOUR, 1) * HOUR
        past = past_call(line, imagine_call(dice, ending), at, dice)
        events += past.events
        if past.session:
            past.session.save()
            past.session.turns.bulk_create(past.turns)
            SessionEvent.objects.bulk_create(past.facts)
    intake.store(events)


def remove() -> list[str]:
    """Delete the demo's rows and nothing else; the names of those that had to stay.

    What has been used for something real stays and is nobody's demo any more: a connection that
    a number of yours hangs on, an assistant whom a real caller spoke with.
    """
    with transaction.atomic():
        Gateway.hold_line()
        CallEvent.objects.filter(
            Q(room_sid__startswith=ROOM_IDS) | Q(sip_call_id__startswith=CALL_IDS)
        ).delete()
        FoldUnit.objects.filter(
            Q(key__startswith=f"room:{ROOM_IDS}") | Q(key__startswith=f"call:{CALL_IDS}")
        ).delete()
        SessionEvent.objects.filter(job_id__startswith=JOB_IDS).delete()
        Session.objects.filter(job_id__startswith=JOB_IDS).delete()
        Call.objects.filter(is_demo=True).delete()
        kept: list[str] = []
        for model in (DispatchRule, PhoneNumber, Trunk, Agent):
            kept += _delete_or_keep(model.objects.filter(is_demo=True))
        wake("telephony.apply")
    return kept


def _delete_or_keep(rows: Iterable[Model]) -> Iterable[str]:
    for row in rows:
        try:
            row.delete()
        except ProtectedError:
            type(row)._default_manager.filter(pk=row.pk).update(is_demo=False)
            yield str(row)
