"""Which part of which document the “?” of a page leads to, and the word that it explains."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse

from monitoring.documents import library

GLOSSARY = "glossary"
_OF_ADMIN = re.compile(r"_(changelist|change|add|delete|history)$")


@dataclass(frozen=True)
class Help:
    """`place`: "slug#anchor". `term`: the anchor of a word of the glossary, if the page is about
    one.
    """

    place: str
    term: str = ""

    @property
    def url(self) -> str:
        slug, _hash, anchor = self.place.partition("#")
        return f"{reverse('doc', args=[slug])}#{anchor}"


_WORK, _MEND = "daily_work", "livekit_troubleshooting_guide"
_UPKEEP, _HEALTH = "livekit_monitoring_maintenance_guide", "livekit_monitoring_system"
_SIP, _SAFE, _LAW = "livekit_sip_configuration", "livekit_security_configuration", "recording_law"
_LOGIN, _OUT, _IN = "livekit_auth_usage", "livekit_egress_usage", "livekit_ingress_usage"

PAGES: Mapping[str, Help] = {
    "admin:index": Help(f"{_WORK}#home"),
    "live": Help(f"{_WORK}#now", "call"),
    "call": Help(f"{_WORK}#call", "call"),
    "admin:telephony_call": Help(f"{_WORK}#calls", "call"),
    "admin:telephony_callback": Help(f"{_WORK}#call-back", "call-back"),
    "call-out": Help(f"{_WORK}#call-out"),
    "admin:telephony_outboundcall": Help(f"{_WORK}#call-out"),
    "report": Help(f"{_WORK}#report"),
    "report-weekly": Help(f"{_WORK}#report"),
    "spending": Help(f"{_WORK}#report"),
    "hours": Help(f"{_WORK}#hours", "place"),
    "hours-change": Help(f"{_WORK}#hours", "place"),
    "admin:agentworker_company": Help(f"{_WORK}#hours"),
    "admin:agentworker_agent": Help("assistants#page", "assistant"),
    "assistant-try": Help("assistants#trying", "assistant"),
    "assistant-scenarios": Help("assistants#trying", "assistant"),
    "admin:telephony_phonenumber": Help(f"{_SIP}#numbers", "number"),
    "number-call": Help(f"{_SIP}#check", "test-call"),
    "route-test": Help(f"{_SIP}#check", "who-answers"),
    "admin:telephony_dispatchrule": Help(f"{_SIP}#who-answers", "who-answers"),
    "admin:telephony_scheduledchange": Help(f"{_SIP}#who-answers", "who-answers"),
    "admin:telephony_trunk": Help(f"{_SIP}#connections", "trunk"),
    "connect": Help("providers#connect", "trunk"),
    "connect-provider": Help("providers#connect", "trunk"),
    "admin:telephony_gateway": Help(f"{_SIP}#entrance", "gateway"),
    "differences": Help(f"{_SIP}#differences", "difference"),
    "admin:telephony_publishedobject": Help(f"{_SIP}#differences", "published"),
    "turned-away": Help(f"{_MEND}#nobody-gets-through", "refused"),
    "admin:telephony_colleague": Help(f"{_WORK}#colleagues", "colleague"),
    "admin:telephony_team": Help(f"{_WORK}#colleagues", "colleague"),
    "admin:agentworker_blockedcaller": Help(f"{_WORK}#blocked"),
    "diagnosis": Help(f"{_MEND}#first"),
    "incidents": Help(f"{_UPKEEP}#incidents", "incident"),
    "incident": Help(f"{_UPKEEP}#incidents", "incident"),
    "incident-rules": Help(f"{_UPKEEP}#incidents", "incident"),
    "health-page": Help(f"{_HEALTH}#checks", "check"),
    "health-check": Help(f"{_HEALTH}#checks", "check"),
    "alarm-channels": Help(f"{_HEALTH}#alarms", "alarm"),
    "alarm-chain": Help(f"{_HEALTH}#alarms", "alarm"),
    "admin:monitoring_contact": Help(f"{_HEALTH}#alarms"),
    "log-errors": Help(f"{_MEND}#logs"),
    "workers": Help(f"{_MEND}#slow", "worker"),
    "maintenance": Help(f"{_UPKEEP}#maintenance", "backup"),
    "checklists": Help(f"{_UPKEEP}#checklists"),
    "admin:django_celery_beat_periodictask": Help(f"{_UPKEEP}#maintenance"),
    "admin:telephony_callevent": Help("livekit_architecture_diagrams#facts", "event"),
    "admin:agentworker_session": Help(f"{_WORK}#call", "conversation"),
    "admin:recordings_recording": Help(f"{_LAW}#listen", "recording"),
    "recording": Help(f"{_LAW}#listen", "recording"),
    "keeping": Help(f"{_LAW}#keeping", "recording"),
    "guarantee": Help(f"{_LAW}#guarantee", "recording"),
    "callers": Help(f"{_LAW}#erase"),
    "callers-erased": Help(f"{_LAW}#erase"),
    "admin:recordings_storage": Help(f"{_OUT}#storage", "storage"),
    "rooms": Help(f"{_OUT}#rooms", "room"),
    "room": Help(f"{_OUT}#rooms", "room"),
    "streams": Help(f"{_OUT}#streams", "stream"),
    "ingress": Help(f"{_IN}#new", "ingress"),
    "provider-keys": Help(f"{_SAFE}#keys", "provider-key"),
    "people": Help(f"{_LOGIN}#people", "role"),
    "person": Help(f"{_LOGIN}#people", "role"),
    "account": Help(f"{_LOGIN}#login", "second-factor"),
    "api-keys": Help("api#keys", "api-key"),
    "livekit-tokens": Help(f"{_LOGIN}#tokens", "token"),
    "livekit-keys": Help(f"{_SAFE}#keys", "livekit-key"),
    "trunk-password": Help(f"{_SAFE}#keys", "trunk"),
    "hooks": Help("api#webhooks", "webhook"),
    "hook": Help("api#webhooks", "webhook"),
    "admin:veyra_auditentry": Help(f"{_SAFE}#audit", "audit"),
    "audit-export": Help(f"{_SAFE}#audit", "audit"),
    "undo": Help(f"{_SAFE}#audit", "audit"),
    "admin:veyra_securityevent": Help(f"{_SAFE}#events"),
}


def of(view: str) -> Help | None:
    """`view`: the name of a page's URL. A form of the admin has the help of its list."""
    return PAGES.get(view) or PAGES.get(_OF_ADMIN.sub("", view))


def of_trouble(rule: str) -> Help:
    """What an incident of this rule means, and what is pressed."""
    return Help(f"incidents#{rule}", "incident")


def explained(term: str, language: str, *, is_engineer: bool) -> tuple[str, str]:
    """(the word, what it means); ("", "") for a word that is not there. What the field calls it
    stands in the second paragraph, for engineers.
    """
    found = library.section(GLOSSARY, term, language)
    if found is None:
        return "", ""
    paragraphs = found.text.split("\n\n")[: 2 if is_engineer else 1]
    return found.title, " ".join(" ".join(paragraphs).split())
