""" "Call this line now": our own telephone dials a number of ours, and staff hear what it heard."""

import json
import os
import socket
import subprocess
import sys
import wave
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Exists
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from agentworker.espeak import EspeakError, engine
from telephony.models import Call, PhoneNumber, TestCall
from telephony.numbers import pretty, spelled
from veyra.celery import wake
from veyra.models import User
from veyra.secrets import SecretError
from veyra.sentences import Sentence

TASK = "telephony.testcall"
USER_PREFIX = "veyra-test-"
FOLDER = "test-calls"
KEEP = 50
RING_SECONDS = 30
LISTEN_SECONDS = 25
ANSWER_SECONDS = 8
# What our caller says: long enough that some of it is surely taken for a voice.
WORDS = {
    "ru": "Здравствуйте, это проверка связи. Один, два, три, четыре, пять, шесть, семь, восемь.",
    "en": "Hello, this is a test of the line. One, two, three, four, five, six, seven, eight.",
}
WORDS_PER_MINUTE = 140
# The caller's own process never takes longer than this.
LIMIT_SECONDS = 90


def caller(call: Call) -> str:
    """Who calls, as people read it; "" where he withholds it."""
    if call.from_number.startswith(USER_PREFIX):
        return gettext("our own telephone")
    return pretty(call.from_number)


def ask(number: PhoneNumber, user: User | None, why: str = TestCall.Why.HAND) -> TestCall:
    """Place a test call soon; the row tells how it goes."""
    row = TestCall.objects.create(number=number, asked_by=user, why=why)
    wake(TASK)
    return row


def run_next() -> bool:
    """Place the oldest call that was asked for. False: there is none, or one is being placed.

    One at a time: a call takes its worker's thread for half a minute.
    """
    give_up_lost()
    row = TestCall.objects.filter(state=TestCall.State.WAITING).order_by("asked_at").first()
    if row is None or not claim(row):
        return False
    run(row)
    return True


def claim(row: TestCall) -> bool:
    calling = TestCall.objects.filter(state=TestCall.State.CALLING)
    mine = TestCall.objects.filter(~Exists(calling), pk=row.pk, state=TestCall.State.WAITING)
    return bool(mine.update(state=TestCall.State.CALLING))


def run(row: TestCall) -> None:
    """Place the call of a claimed row and write down what came of it."""
    heard = f"{FOLDER}/{row.pk}.wav"
    path = Path(settings.MEDIA_ROOT) / heard
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        found = dial(row, path)
    except (OSError, subprocess.SubprocessError, ValueError, SecretError, EspeakError) as error:
        finish(row, TestCall.State.FAILED, not_placed(error))
    else:
        state = TestCall.State.DONE if found["voiced_seconds"] else TestCall.State.FAILED
        row.measured = measured(found)
        finish(row, state, sentence(found), heard if path.exists() else "")
    prune()


def finish(row: TestCall, state: TestCall.State, result: Sentence, heard: str = "") -> None:
    changes = {"state": state, "result": result.to_json(), "heard": heard}
    # One that failed needs no more looking into.
    judged_at = timezone.now() if state == TestCall.State.FAILED else None
    TestCall.objects.filter(pk=row.pk).update(**changes, measured=row.measured, judged_at=judged_at)


def measured(found: dict[str, Any]) -> dict[str, float | None]:
    """Of a Result, what TestCall.measured keeps."""
    return {
        "answer": found["answered"],
        "greeting": found["first_voice"],
        "voice": found["voiced_seconds"],
        "said": found["said"],
    }


def dial(row: TestCall, heard: Path) -> dict[str, Any]:
    """telephony.sip_caller.Result. Raises OSError, SubprocessError, ValueError, SecretError."""
    trunk, target = row.number.trunk, by_address(settings.SIP_TEST_TO)
    to = spelled(row.number.number, trunk.spelling)
    command = [sys.executable, "-m", "telephony.sip_caller", f"sip:{to}@{target}"]
    command += ["--user", USER_PREFIX + row.pk.hex[:8], "--login", trunk.username]
    command += ["--interface", our_address(target), "--ring", str(RING_SECONDS)]
    command += ["--heard", str(heard), "--do", *steps(row)]
    done = subprocess.run(  # noqa: S603  # our own program, arguments from our own rows
        command,
        cwd=settings.BASE_DIR,
        env={**os.environ, "SIP_PASSWORD": trunk.password},
        capture_output=True,
        check=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def steps(row: TestCall) -> list[str]:
    """What our caller does: where no person listens afterwards, he speaks, too."""
    listen = f"listen:{LISTEN_SECONDS}"
    if row.why == TestCall.Why.HAND:
        return [listen]
    return [listen, f"say:{our_words()}", f"listen:{ANSWER_SECONDS}"]


def our_words() -> Path:
    """A WAV of them, made once."""
    path = (
        Path(settings.MEDIA_ROOT)
        / FOLDER
        / f"words-{settings.LANGUAGE_CODE}-{WORDS_PER_MINUTE}.wav"
    )
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        language = settings.LANGUAGE_CODE if settings.LANGUAGE_CODE in WORDS else "en"
        speaker = engine()
        whole = path.with_suffix(".part")
        with wave.open(str(whole), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(speaker.rate)
            file.writeframes(speaker.speak(WORDS[language], language, WORDS_PER_MINUTE))
        whole.replace(path)
    return path


def by_address(target: str) -> str:
    """`target` (host:port) with the host's IPv4 address: our telephone asks name servers alone, and
    these do not know what stands in this machine's own file of hosts. Raises OSError.
    """
    host, _colon, port = target.rpartition(":")
    return f"{socket.gethostbyname(host)}:{port}"


def our_address(target: str) -> str:
    """The address from which this machine reaches `target` (host:port)."""
    host, _colon, port = target.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((host, int(port)))
        return str(probe.getsockname()[0])


def sentence(found: dict[str, Any]) -> Sentence:
    """What a person should know of a Result."""
    if found["answered"] is None:
        return unanswered(found)
    values = {"answer": round(found["answered"], 1), "voice": round(found["voiced_seconds"])}
    if found["voiced_seconds"]:
        return Sentence(
            _("Answered after %(answer)s s, the assistant spoke for %(voice)s s."), values
        )
    return Sentence(
        _("Answered after %(answer)s s, but nothing was heard. Look at the call's page."), values
    )


def unanswered(found: dict[str, Any]) -> Sentence:
    if found["status"]:
        words = f"{found['status']} {found['reason']}".strip()
        msgid = _("Nobody answered: the call was refused (%(words)s). Look at the call's page.")
        return Sentence(msgid, {"words": words})
    msgid = _("Nobody answered within %(seconds)s s. Look at who answers this number.")
    return Sentence(msgid, {"seconds": RING_SECONDS})


def not_placed(error: Exception) -> Sentence:
    msgid = _("The call could not be placed (%(error)s). Look at the call entrance.")
    return Sentence(msgid, {"error": type(error).__name__})


def give_up_lost() -> None:
    """A worker that died in the middle of a call leaves a row that nobody finishes."""
    since = timezone.now() - timedelta(seconds=2 * LIMIT_SECONDS)
    lost = TestCall.objects.filter(state=TestCall.State.CALLING, asked_at__lt=since)
    msgid = _("The call was cut short by a restart. Call again.")
    told = {"result": Sentence(msgid).to_json(), "judged_at": timezone.now()}
    lost.update(state=TestCall.State.FAILED, **told)


def prune(keep: int | None = None) -> None:
    """Keep the newest recordings of test calls only."""
    for row in TestCall.objects.with_sound().order_by("-asked_at")[
        KEEP if keep is None else keep :
    ]:
        (Path(settings.MEDIA_ROOT) / row.heard).unlink(missing_ok=True)
        TestCall.objects.filter(pk=row.pk).update(heard="")
