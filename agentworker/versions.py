"""An assistant's newest words, and whom it does not answer, read once at the start of a job."""

import re

from django.core.exceptions import ValidationError
from django.db import connections
from django.utils import timezone

from agentworker.brief import DRAFT
from agentworker.company import company_name
from agentworker.models import Agent, AgentDraft, AgentVersion, BlockedCaller, Language
from agentworker.script import SPOKEN, MenuItem, Rule, Script

# What Python makes a number of, and a database has room for.
PK = re.compile(r"[0-9]{1,18}")


class NoScriptError(Exception):
    """Nobody is to speak: the assistant is archived, or its words are not written or published."""


def load(agent_key: str, trial: str = "") -> tuple[Script, frozenset[str]]:
    """The newest version's words, and the numbers that are not to hear them.

    `trial`: as in a Brief; then what is tried.

    The connection is closed behind it. Raises NoScriptError.
    """
    try:
        agent = kept_agent(agent_key)
        script = script_of(tried(agent, trial) if trial else published(agent))
        return script, BlockedCaller.objects.texts(timezone.now())
    finally:
        connections.close_all()


def newest_version(agent_key: str) -> AgentVersion:
    """What its callers hear. Raises NoScriptError."""
    return published(kept_agent(agent_key))


def kept_agent(agent_key: str) -> Agent:
    try:
        agent = Agent.objects.kept().filter(key=agent_key).first()
    except ValidationError as error:
        raise NoScriptError("the brief names no assistant") from error
    if agent is None:
        raise NoScriptError("there is no such assistant any more")
    return agent


def published(agent: Agent) -> AgentVersion:
    version = agent.current()
    if version is None:
        raise NoScriptError("the assistant has no published words to say")
    return version


def tried(agent: Agent, trial: str) -> AgentVersion | AgentDraft:
    """What somebody of us tries: one of its versions, or its draft, which is its newest version
    where nobody has changed anything since. Raises NoScriptError.
    """
    found: AgentVersion | AgentDraft | None
    if trial == DRAFT:
        found = AgentDraft.objects.filter(agent=agent).first() or agent.newest()
    else:
        found = agent.versions.filter(pk=trial).first() if PK.fullmatch(trial) else None
    if found is None:
        raise NoScriptError("what is to be tried is not there any more")
    return found


def script_of(version: AgentVersion | AgentDraft) -> Script:
    return Script(
        agent=str(version.agent.key),
        version=version.pk if isinstance(version, AgentVersion) else None,
        language=version.language if version.language in SPOKEN else "ru",
        follows_caller=version.language == Language.AUTO,
        greeting=version.greeting,
        menu=tuple(MenuItem(**item) for item in version.menu),
        rules=tuple(Rule(**{**rule, "words": tuple(rule["words"])}) for rule in version.rules),
        fallback=version.fallback,
        goodbye=version.goodbye,
        instructions=version.instructions,
        speech=version.speech,
        tools=tuple(version.tools),
        knowledge=tuple(version.knowledge),
        noting=tuple(version.noting),
        recording=version.agent.recording,
        consent=version.consent,
        company=company_name(),
    )
