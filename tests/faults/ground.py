"""What everything stands on: disks, the database, clocks, certificates, providers."""

import os
import socket
import sqlite3
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

from tests.alarms.servers import Web, serve
from tests.faults.fault import HEALED_SECONDS, Fault, Row, wait_for_one
from tests.faults.line import Line
from tests.live.stack import broker_binary, wait_until
from tests.registrar.provider import Provider as Exchange

# A call of the clock of this machine's C library, two minutes ahead.
WRONG_CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
int gettimeofday(struct timeval *tv, void *tz) {
    int (*real)(struct timeval *, void *) = dlsym(RTLD_NEXT, "gettimeofday");
    int said = real(tv, tz);
    tv->tv_sec += 120;
    return said;
}
"""


class DiskFills(Fault):
    """By lists that were asked for and forgotten."""

    name, rule, step = "the disk fills", "disk", "free_disk"

    def make(self, line: Line) -> None:
        file = line.media / "call-files" / "old.xlsx"
        file.parent.mkdir(exist_ok=True)
        with file.open("wb") as lists:
            os.posix_fallocate(lists.fileno(), 0, 7_500_000_000)
        os.utime(file, (0, 0))

    def tidy(self, line: Line) -> None:
        (line.media / "call-files" / "old.xlsx").unlink(missing_ok=True)


class StorageIsReadOnly(Fault):
    """As a disk becomes by itself when it breaks."""

    name, rule, step = "the storage takes no files", "storage", "storage_trial"
    by_hand = "the disk is mounted for writing"

    def make(self, line: Line) -> None:
        self._mount(line, "ro")

    def repair(self, line: Line) -> None:
        self._mount(line, "rw")

    def tidy(self, line: Line) -> None:
        self._mount(line, "rw")

    def _mount(self, line: Line, how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(line.media)], check=True)


class ClockIsWrong(Fault):
    """That of the queue's Redis, by two minutes."""

    name, rule, step = "the clock of Redis is wrong", "clock", "check_again"
    by_hand = "the clock is set right"

    def prepare(self, line: Line) -> None:
        source, library = line.folder / "clock.c", line.folder / "clock.so"
        source.write_text(WRONG_CLOCK)
        command = ["gcc", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
        subprocess.run(command, check=True)

    def make(self, line: Line) -> None:
        program = line.bin / "valkey-server"
        program.unlink()
        own, library = line.folder / "valkey-server", line.folder / "clock.so"
        own.symlink_to(broker_binary() or "")
        program.write_text(f'#!/bin/sh\nLD_PRELOAD={library} exec "{own}" "$@"\n')
        program.chmod(0o755)
        line.kill("broker")

    def repair(self, line: Line) -> None:
        program = line.bin / "valkey-server"
        program.unlink()
        program.symlink_to(broker_binary() or "")
        line.kill("broker")

    def tidy(self, line: Line) -> None:
        if not (line.bin / "valkey-server").is_symlink():
            self.repair(line)
        (line.folder / "valkey-server").unlink(missing_ok=True)


class CertificateHasExpired(Fault):
    """Of the address by which browsers reach LiveKit."""

    name, rule, step = "a certificate has expired", "certificates", "check_again"
    by_hand = "it is renewed"

    def make(self, line: Line) -> None:
        line.tls.show(line.tls.expired)

    def repair(self, line: Line) -> None:
        line.tls.show(line.tls.good)

    def tidy(self, line: Line) -> None:
        line.tls.show(line.tls.good)


class DatabaseIsLocked(Fault):
    """Somebody holds it, so nothing can be written: no incident and no button, but an alarm, and
    another one when it is over.
    """

    name, rule, step = "the database is locked", "database", ""
    by_hand = "whoever holds it is ended"

    def prepare(self, line: Line) -> None:
        self.web = Web()
        self._serving = serve(self.web)
        self._serving.__enter__()
        before = time.time()
        line.do(f"desk.add_channel('{self.web.url}/duty')")
        # The lookout keeps a copy of it for such a moment.
        copy = line.state / "lookout" / "channels.sealed"
        wait_until(lambda: copy.exists() and copy.stat().st_mtime > before, "no copy", 60)

    def make(self, line: Line) -> None:
        path = line.state / "db.sqlite3"
        self.holder = sqlite3.connect(path, timeout=60)
        self.holder.execute("BEGIN IMMEDIATE")

    def seen(self, line: Line) -> Any:
        found = [title for title in self.web.titles if "database" in title]
        return {"sentence": found[0]} if found else None

    def repair(self, line: Line) -> None:
        self.holder.rollback()

    def heal(self, line: Line, told: Row, seen: dict[str, Any]) -> Row:
        began = time.monotonic()
        over = wait_for_one(lambda: "over" in self.web.titles[-1], HEALED_SECONDS)
        healed = time.monotonic() - began if over else None
        return replace(told, button="(none: nothing can be written)", healed=healed)

    def tidy(self, line: Line) -> None:
        self.holder.rollback()
        self.holder.close()
        line.do("desk.remove_channels()")
        self._serving.__exit__(None, None, None)


class SignInIsRefused(Fault):
    """The provider does not take the login any more."""

    name, rule, step = "a provider refuses the sign-in", "provider", "sign_in_again"
    by_hand = "the provider takes the login"

    def prepare(self, line: Line) -> None:
        self.provider = Exchange({"1001": "secret-1001"})
        line.do(f"desk.sign_in('{self.provider.address}', '1001', 'secret-1001')")
        line.wait_for("desk.is_signed_in()")

    def make(self, line: Line) -> None:
        self.provider.mood = 403
        line.kill("kamailio")

    def repair(self, line: Line) -> None:
        self.provider.mood = "well"

    def tidy(self, line: Line) -> None:
        line.do("desk.sign_out()")
        self.provider.__exit__()


class ProgramTakesNothing(Fault):
    """Somebody else's program, which is told of calls, has answered with errors for hours."""

    name, rule, step = "a program takes no webhooks", "webhook_fails", "try"
    by_hand = "that program is mended"

    def prepare(self, line: Line) -> None:
        self.web = Web()
        self._serving = serve(self.web)
        self._serving.__enter__()
        line.do(f"desk.add_hook('{self.web.url}/crm')")

    def make(self, line: Line) -> None:
        self.web.answer = lambda asked: (500, {})
        line.do("desk.try_hook()")
        line.wait_for("desk.has_failed_for_hours()")

    def repair(self, line: Line) -> None:
        self.web.answer = lambda asked: (200, {})

    def heal(self, line: Line, told: Row, seen: dict[str, Any]) -> Row:
        began = time.monotonic()
        line.do("desk.try_hook()")
        over = wait_for_one(lambda: line.ask(f"desk.is_over({seen['pk']!r})"), HEALED_SECONDS)
        healed = time.monotonic() - began if over else None
        return replace(told, button="Try it", healed=healed, wrong="" if over else "not over")

    def tidy(self, line: Line) -> None:
        line.do("desk.remove_hooks()")
        self._serving.__exit__(None, None, None)


class RegistrarHangs(SignInIsRefused):
    name, rule, step = "the program that signs in hangs", "registrar", "restart"
    target, program, by_hand = "registrar@", "registrar", ""

    def make(self, line: Line) -> None:
        line.hang(self.program)

    def repair(self, line: Line) -> None:
        pass


class KamailioHangs(RegistrarHangs):
    name, target, program = "Kamailio hangs", "kamailio", "kamailio"


class Provider(threading.Thread):
    """Answers OPTIONS on a port, until it is away."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.line.bind(("127.0.0.1", 0))
        self.port = int(self.line.getsockname()[1])
        self.is_away = False

    def run(self) -> None:
        with suppress(OSError):
            while True:
                asked, who = self.line.recvfrom(4096)
                lines = asked.decode(errors="replace").split("\r\n")
                names = ("via", "from", "to", "call-id", "cseq")
                kept = [each for each in lines if each.partition(":")[0].lower() in names]
                told = "\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""])
                if not self.is_away:
                    self.line.sendto(told.encode(), who)


class ProviderIsAway(Fault):
    name, rule, step = "a provider does not answer any more", "provider", "check_again"
    by_hand = "the provider is back"

    def prepare(self, line: Line) -> None:
        self.provider = Provider()
        self.provider.start()
        line.do(f"desk.connect_provider('127.0.0.1:{self.provider.port}')")
        line.wait_for("desk.knows_providers()")

    def make(self, line: Line) -> None:
        self.provider.is_away = True

    def repair(self, line: Line) -> None:
        self.provider.is_away = False

    def tidy(self, line: Line) -> None:
        line.do("desk.forget_provider()")
        self.provider.line.close()


class AddressIsPrivate(Fault):
    """A provider of the internet, and an address of ours that it cannot reach."""

    name, rule, step = "providers are told a private address", "addresses", "check_again"
    by_hand = "the address is corrected"

    def make(self, line: Line) -> None:
        line.do("desk.change_addresses('127.0.0.1/32 8.8.8.8/32')")

    def repair(self, line: Line) -> None:
        line.do("desk.change_addresses('127.0.0.1/32')")

    def tidy(self, line: Line) -> None:
        self.repair(line)


class VoiceIsMissing(Fault):
    """An assistant speaks a language for which there is no voice."""

    name, rule, step = "an assistant has no voice", "speech", "check_again"
    by_hand = "another language is chosen"

    def make(self, line: Line) -> None:
        line.do("desk.change_language('xx')")

    def repair(self, line: Line) -> None:
        line.do("desk.change_language('en')")

    def tidy(self, line: Line) -> None:
        self.repair(line)


class LockIsHeld(Fault):
    """By a dead program whose clock was a day ahead."""

    name, rule = "a dead program holds the watchdog's lock", "watchdog"
    step, target = "release_lock", "watchdog"

    def make(self, line: Line) -> None:
        line.do("desk.hold_lock('watchdog')")
        line.kill("watchdog")

    def tidy(self, line: Line) -> None:
        line.do("desk.free_lock('watchdog')")


class BackupIsOld(Fault):
    """The nights went by, and none was made."""

    name, rule, step, target = "there is no backup", "backup", "run_job", "backup"

    def make(self, line: Line) -> None:
        line.do("desk.age(days=3)")

    def tidy(self, line: Line) -> None:
        line.do("desk.age(days=0)")


FAULTS: tuple[type[Fault], ...] = (
    DiskFills,
    StorageIsReadOnly,
    ClockIsWrong,
    CertificateHasExpired,
    ProviderIsAway,
    AddressIsPrivate,
    VoiceIsMissing,
    LockIsHeld,
    BackupIsOld,
    DatabaseIsLocked,
    SignInIsRefused,
    ProgramTakesNothing,
    RegistrarHangs,
    KamailioHangs,
)
