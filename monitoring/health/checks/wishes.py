"""What was saved is what LiveKit does; assistants can speak; and somebody is told of troubles."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from agentworker.espeak import VOICES, WORDS_PER_MINUTE, EspeakError, engine
from agentworker.key_use import current_versions
from agentworker.models import AgentVersion, Language
from monitoring.alarms.chain import LOOKOUT
from monitoring.alarms.models import AlertChannel
from monitoring.health.base import Check, Limit, Link, Verdict, ill, missed, warn, well
from telephony import key_facts, sync
from telephony.models import Difference, PublishedObject
from veyra.models import Pulse

Kind = PublishedObject.Kind


@dataclass
class Drift(Check):
    name, title, link, unit = "drift", _("What was saved, and what is so"), Link.LIVEKIT, ""
    limits = (
        Limit(
            "silence",
            _("Missed after (seconds)"),
            _("What was saved is compared with LiveKit twice a minute."),
            default=120,
            least=60,
            most=3600,
        ),
    )

    def look(self, now: datetime) -> Verdict:
        if not Pulse.is_felt(sync.PULSE, timedelta(seconds=self.limit("silence"))):
            return missed(
                gettext_noop(
                    "Nobody compares what was saved with LiveKit: changes do not reach the line."
                    " LiveKit does not answer, or background work stands still."
                )
            )
        troubled = PublishedObject.objects.exclude(kind=Kind.NUMBER).troubled()
        states = list(troubled.values_list("state", flat=True))
        by_hand = Difference.objects.changed_by_hand().count()
        if failed := states.count("failed"):
            return ill(
                gettext_noop(
                    "LiveKit did not take what was saved (%(count)s): “Objects in LiveKit” says"
                    " why, and what to correct."
                ),
                count=failed,
            )
        if by_hand:
            return warn(
                gettext_noop(
                    "Somebody changed the line in LiveKit itself (%(count)s): decide in"
                    " “Differences” what is to hold."
                ),
                count=by_hand,
            )
        return well(gettext_noop("LiveKit does what was saved."))


@dataclass
class Speech(Check):
    """Every language that an assistant speaks has a voice that gives sound, and the keys by which
    assistants hear, think and speak are not refused.
    """

    name, title, link, period = "speech", _("Voice"), Link.SPEECH, 30
    # The library takes a moment to load.
    is_cheap = False

    def look(self, now: datetime) -> Verdict:
        written = set(AgentVersion.objects.values_list("language", flat=True))
        languages = sorted(written - {Language.AUTO} or {Language.RUSSIAN})
        if mute := [each for each in languages if not can_speak(each)]:
            return ill(
                gettext_noop(
                    "There is no voice for: %(languages)s. Assistants would be silent. Install"
                    " Veyra's libraries anew (espeakng-loader), or choose another language."
                ),
                languages=", ".join(mute),
            )
        return self.of_keys() or well(gettext_noop("Assistants can speak."))

    def of_keys(self) -> Verdict | None:
        """As the newest tests of the keys say; the worst one."""
        names = {str(version.agent.key): version.agent.name for version in current_versions()}
        found = key_facts.troubles(names)
        for agent, trouble in sorted(found.items(), key=lambda each: not each[1].is_fatal):
            values: dict[str, Any] = {
                "assistant": names[agent],
                "why": trouble.sentence.to_json(),
            }
            if trouble.is_fatal:
                return ill(gettext_noop("“%(assistant)s” cannot talk: %(why)s"), **values)
            return warn(gettext_noop("“%(assistant)s” talks by its reserve: %(why)s"), **values)
        return None


def can_speak(language: str) -> bool:
    try:
        return bool(engine().speak("1", VOICES[language], WORDS_PER_MINUTE))
    except (EspeakError, KeyError, OSError):
        return False


@dataclass
class Channels(Check):
    """Whoever is to be woken needs two ways of different kinds: one of them may be down, too."""

    name, title, link, period = "channels", _("Who is told"), Link.GUARD, 30

    def look(self, now: datetime) -> Verdict:
        rows = list(AlertChannel.objects.usable())
        working = {row.kind for row in rows if row.failing_since is None}
        if len(working) >= KINDS:
            return well(gettext_noop("Troubles are told by different ways."))
        if broken := sorted(row.name for row in rows if row.failing_since):
            return ill(
                gettext_noop(
                    "These alarm channels do not work: %(names)s. Open each, correct it and send a"
                    " test."
                ),
                names=", ".join(broken),
            )
        if not rows:
            return warn(
                gettext_noop(
                    "Nobody is told when the line breaks. Add two alarm channels of different"
                    " kinds, such as mail and Telegram."
                )
            )
        return warn(
            gettext_noop(
                "Troubles are told by one way only. Add an alarm channel of another kind: when the"
                " first one is down, the second still wakes somebody."
            )
        )


KINDS = 2


class Lookout(Check):
    name, title, link = "lookout", _("Watching over Veyra"), Link.GUARD

    def look(self, now: datetime) -> Verdict:
        if Pulse.is_felt(LOOKOUT, LOOKOUT_IS_OLD):
            return well(gettext_noop("Veyra itself is watched over."))
        return missed(
            gettext_noop(
                "Nobody watches over Veyra itself: when its background work dies, nobody is told."
                " Start `manage.py lookout`."
            )
        )


# It shows life every five seconds, but for those in which it does what the schedule does not.
LOOKOUT_IS_OLD = timedelta(seconds=20)
