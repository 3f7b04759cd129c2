"""What a person at the desk sees and presses, in a process of its own beside the line's database.

Pages are opened by Django's client, so permissions and forms are those of the web, and a web that
was made to hang keeps nobody from healing it.
"""

import time
import uuid
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from agentworker.models import Agent, AgentVersion, Worker
from agentworker.services import Words, save_words
from monitoring.alarms.forms import put
from monitoring.alarms.models import AlertChannel
from monitoring.health import every, reading, running
from monitoring.health.base import Status
from monitoring.health.models import HealthCheck
from monitoring.hooks.models import Hook
from monitoring.incidents import rulebook, runbook
from monitoring.incidents.models import Incident, ProgramStart, RuleSetting, Suspicion
from monitoring.incidents.reading import read as facts_now
from monitoring.recovery.models import RecoveryAction
from monitoring.upkeep.models import Backup
from telephony import sync, testcalls
from telephony.models import Call, DispatchRule, Gateway, PhoneNumber, Registration, Trunk
from telephony.probes import STARTING_SECONDS
from veyra.celery import wake
from veyra.livekit.client import LiveKit
from veyra.models import FailedLogin, Lease, Program, Pulse, User

translation.activate("en")
# Between two looks of the schedule.
LOOK_SECONDS = 5
NUMBER = "+74991124148"
Row = dict[str, Any]


def make_line() -> None:
    """The mission's line: a provider, a number, an assistant; an engineer who looks after it."""
    engineer = User.objects.create_user(
        "engineer", is_staff=True, language="en", set_up_at=timezone.now()
    )
    engineer.groups.add(Group.objects.get(name="Engineer"))
    # Without a second factor he would be led to nothing but the page that sets it up.
    TOTP.activate(engineer, generate_totp_secret())
    agent = Agent.objects.create(name="Support")
    save_words(agent, Words("en", "Hello! This is the support department.", [], []), None)
    trunk = Trunk.objects.create(name="trunk1", addresses="127.0.0.1/32")
    number = PhoneNumber.objects.create(number=NUMBER, trunk=trunk)
    DispatchRule.objects.create(name="Support", agent=agent).numbers.add(number)
    sync.apply()


def heal_by_hand() -> None:
    """Nothing heals by itself, so that a button is what heals."""
    for slug in rulebook.BY_SLUG:
        RuleSetting.objects.update_or_create(rule=slug, defaults={"heals_itself": False})


def ill() -> list[str]:
    """What is not well: names of checks, and of rules that see something."""
    checks = [each.name for each in reading.latest() if each.status == Status.FAILED]
    seen = Incident.objects.unresolved().filter(quiet_since=None)
    return sorted({*checks, *seen.values_list("rule", flat=True)})


def begin_anew() -> None:
    """As if nothing had happened yet."""
    Call.objects.filter(state=Call.State.ENDED).delete()
    RecoveryAction.objects.all().delete()
    Incident.objects.all().delete()
    Suspicion.objects.all().delete()
    ProgramStart.objects.all().delete()
    FailedLogin.objects.all().delete()
    Program.objects.filter(seen_at__lt=timezone.now() - timedelta(minutes=2)).delete()


def incident(rule: str) -> Row | None:
    """The one of this rule that is seen now."""
    row = Incident.objects.unresolved().filter(rule=rule, quiet_since=None).first()
    if row is None:
        return None
    return {"pk": str(row.pk), "sentence": str(row.told), "severity": row.severity}


def has_run_a_while() -> bool:
    """Whoever looks began to long enough ago: in its first minute it misses nothing."""
    lookers = Program.objects.filter(name__in=["worker", "lookout"])
    since = timezone.now() - timedelta(seconds=STARTING_SECONDS)
    return not lookers.filter(started_at__gt=since).exists()


def begun(name: str) -> str:
    """When this program began."""
    row = Program.objects.filter(name=name).order_by("-started_at").first()
    return row.started_at.isoformat() if row else ""


def is_over(pk: str) -> bool:
    """Is the trouble seen no more?"""
    row = Incident.objects.get(pk=pk)
    return row.quiet_since is not None or row.state == Incident.State.RESOLVED


def all_rules() -> list[str]:
    """Of every incident that there is."""
    return sorted(Incident.objects.values_list("rule", flat=True))


def connect_provider(address: str) -> None:
    trunk = Trunk.objects.create(name="second", addresses="127.0.0.2/32", out_address=address)
    Gateway.objects.get_or_create(pk=1)
    assert trunk.pk


def knows_providers() -> bool:
    """Has the one with an address answered?"""
    return bool(Pulse.felt("provider:", timedelta(minutes=1)))


def sign_in(address: str, login: str, password: str) -> None:
    trunk = Trunk.objects.create(
        name="third", register_at=address, register_login=login, register_password=password
    )
    number = PhoneNumber.objects.create(number="+74991124149", trunk=trunk)
    DispatchRule.objects.get().numbers.add(number)
    wake("telephony.apply")


def is_signed_in() -> bool:
    return Registration.objects.open().filter(state=Registration.State.REGISTERED).exists()


def sign_out() -> None:
    PhoneNumber.objects.filter(trunk__name="third").delete()
    Trunk.objects.filter(name="third").delete()
    wake("telephony.apply")


def add_channel(url: str) -> None:
    channel = AlertChannel(name="duty", kind="webhook", language="en", severity=4)
    put(channel, {"url": url})
    channel.save()


def remove_channels() -> None:
    AlertChannel.objects.all().delete()


def add_hook(url: str) -> None:
    Hook.objects.create(name="crm", url=url, host="127.0.0.1", kinds=["call.ended"], language="en")


def try_hook() -> None:
    """“Try it” on its page."""
    user = User.objects.get(username="engineer")
    answer = browser(user).post(reverse("hook-try", args=[Hook.objects.get().pk]))
    if answer.status_code != 302:
        raise LookupError(f"the button “Try it” answered {answer.status_code}")


def has_failed_for_hours() -> bool:
    """It has failed, and from now on as if for two hours."""
    ago = timezone.now() - timedelta(hours=2)
    return bool(Hook.objects.filter(failing_since__isnull=False).update(failing_since=ago))


def remove_hooks() -> None:
    Hook.objects.all().delete()


def forget_provider() -> None:
    Trunk.objects.filter(name="second").delete()


def change_addresses(text: str) -> None:
    Trunk.objects.filter(name="trunk1").update(addresses=text)


def change_language(language: str) -> None:
    AgentVersion.objects.update(language=language)


def age(days: int) -> None:
    """As if all had begun so long ago, and no backup had been made since."""
    User.objects.update(date_joined=timezone.now() - timedelta(days=days))
    Backup.objects.all().delete()


def hold_lock(name: str) -> None:
    until = timezone.now() + timedelta(days=1)
    Lease.objects.update_or_create(name=name, defaults={"holder": uuid.uuid4(), "until": until})


def free_lock(name: str) -> None:
    Lease.objects.filter(name=name, until__gt=timezone.now() + timedelta(hours=1)).delete()


def rest(is_resting: bool) -> None:
    """Every worker."""
    Worker.objects.update(is_resting=is_resting)


def talks() -> bool:
    """Is somebody talking to the assistant?"""
    return Call.objects.filter(state=Call.State.ANSWERED).exists()


def our_words() -> str:
    """A file of somebody's words."""
    return str(testcalls.our_words())


def count_calls() -> int:
    return Call.objects.count()


def all_calls_are_over() -> bool:
    return not Call.objects.going_on().exists()


def delete_rules() -> None:
    """In LiveKit itself, as a person with another tool may."""
    with LiveKit.from_settings() as livekit:
        for rule in livekit.list_dispatch_rules():
            livekit.delete_dispatch_rule(rule.id)


def press(pk: str, step: str, target: str) -> Row:
    """The button of the runbook, found on the incident's page, whose target begins so."""
    user = User.objects.get(username="engineer")
    row = Incident.objects.get(pk=pk)
    offered = runbook.runbook(row, user, timezone.now()).buttons
    found = [each for each in offered if each.step == step and each.target.startswith(target)]
    if not found:
        raise LookupError(f"{step} {target}: only {[(b.step, b.target) for b in offered]}")
    button = found[0]
    client = browser(user)
    page = client.get(reverse("incident", args=[pk]), follow=True)
    if str(button.title) not in page.content.decode():
        where = f"{page.status_code} {page.redirect_chain}"
        raise LookupError(f"{button.title} is not on the page of the incident ({where})")
    client.post(reverse("incident-step", args=[pk]), {"step": button.step, "target": button.target})
    done = RecoveryAction.objects.filter(incident=row, step=step).order_by("-at").first()
    if done is None:
        raise LookupError(f"{step} was pressed, and is not recorded")
    return {"pk": str(done.pk), "title": str(button.title), "about": button.about}


def said(pk: str) -> Row:
    """What came of a step; `command` is what a person is asked to type."""
    row = RecoveryAction.objects.get(pk=pk)
    values = row.says.values
    return {"ok": row.ok, "sentence": str(row.says), "command": values.get("command", "")}


def cost(times: int = 5) -> dict[str, float]:
    """Shares of one core that each check takes at its period, and the rules at theirs."""
    now = timezone.now()
    rows = {row.name: row for row in HealthCheck.objects.all()}
    found = {}
    for check in every.CHECKS:
        running.ask([check], rows, now)  # what is loaded once counts once
        began = time.process_time()
        for _time in range(times):
            running.ask([check], rows, now)
        found[check.name] = (time.process_time() - began) / times / check.period
    found["rules"] = _cost_of_rules(now, times)
    return found


def _cost_of_rules(now: datetime, times: int) -> float:
    rulebook.look(facts_now(now), RuleSetting.objects.by_rule())
    began = time.process_time()
    for _time in range(times):
        rulebook.look(facts_now(now), RuleSetting.objects.by_rule())
    return (time.process_time() - began) / times / LOOK_SECONDS


def browser(user: User) -> Client:
    address = urlsplit(settings.PUBLIC_URL)
    client = Client(headers={"host": address.netloc, "accept-language": "en"})
    client.force_login(user)
    return client
