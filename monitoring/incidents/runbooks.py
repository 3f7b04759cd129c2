"""The runbooks: for each rule why its trouble happens, and what heals it."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from monitoring.incidents.advice import (
    ACCOUNTS,
    AGAIN,
    AGENTS,
    BACKS,
    CALLS,
    CHANNELS,
    DIAGNOSE,
    DIFFERENCES,
    ERRORS,
    GUARANTEE,
    HEALTH,
    HOOKS,
    KEEPING,
    MAINTENANCE,
    PUBLISHED,
    RULES,
    SECURITY,
    SPENDING,
    STORAGES,
    TRUNKS,
    TURNED_AWAY,
    WORKERS,
    Advice,
    Offer,
)

START_IT = _(
    "If its program does not run at all, start it as the button says, or call the engineer."
)
CALL_THE_HOST = _("If nothing helps within ten minutes, call whoever runs the server.")

USUAL = Advice(_("A check of the line says that it is not well."), [AGAIN], (), [HEALTH, DIAGNOSE])

RUNBOOKS: Mapping[str, Advice] = {
    "no_agent": Advice(
        _(
            "No assistant took the calls: their programs are down, full, or LiveKit does not give"
            " them work."
        ),
        [
            Offer("end_hung", on="hung"),
            Offer("drain_worker", on="hung"),
            Offer("take_calls_again", on="resting"),
            Offer("restart", on="program agent"),
            Offer("restart", on="program standby"),
            Offer("publish_again"),
            Offer("synthetic_call"),
        ],
        [
            _("Look at “Workers”: is one there, and has it free places?"),
            _("Put the callers on the list of calls to return, and call them."),
        ],
        [WORKERS, BACKS, DIAGNOSE],
    ),
    "callers_lost": Advice(
        _("Callers wait for too long, hear nothing, or their calls break off."),
        [Offer("end_hung", on="hung"), Offer("observe_now"), Offer("synthetic_call")],
        [
            _("Open some of the calls below: their stories say what the callers heard."),
            _("Put the callers on the list of calls to return, and call them."),
        ],
        [CALLS, BACKS, HEALTH, DIAGNOSE],
    ),
    "calls_failed": Advice(
        _("The provider, the call entrance or the network between them breaks calls off."),
        [Offer("observe_now"), Offer("synthetic_call")],
        [
            _("Open some of the calls below and compare the reasons: the same one is the cause."),
            _("If all came through one provider, call that provider."),
        ],
        [CALLS, TRUNKS, DIAGNOSE],
    ),
    "calls_refused": Advice(
        _(
            "A number has no rule, its provider writes it in another way, or calls from an address"
            " that its connection does not list."
        ),
        [Offer("publish_again"), Offer("synthetic_call")],
        [_("“Turned away” names each reason, with a button that mends it.")],
        [TURNED_AWAY, RULES, TRUNKS],
    ),
    "recording_missing": Advice(
        _("A recorder was killed, a disk or the storage was full or away, or sound came too late."),
        [
            Offer("send_uploads"),
            Offer("storage_trial", on="storages"),
            Offer("restart", on="program recorder"),
        ],
        [_("“Is everything recorded?” says of each call why.")],
        [GUARANTEE, STORAGES],
    ),
    "turn_delay": Advice(
        _("The server is overloaded, or a speech provider is slow."),
        [Offer("drain_worker", on="sick")],
        [
            _("Open a call below “Calls”: the bars of its delays say which part is slow."),
            _("If it is the provider, choose another voice, or call the provider."),
        ],
        [CALLS, WORKERS, HEALTH],
    ),
    "assistant_fails": Advice(
        _("A key, a voice or a text of the assistant is missing or wrong; often since a change."),
        [Offer("restart", on="program agent"), Offer("synthetic_call")],
        [_("If somebody changed the assistant shortly before, publish its former version again.")],
        [AGENTS, CALLS],
    ),
    "assistant_lost": Advice(
        _("Memory ran out, a part of the assistant broke, or somebody ended its process."),
        [Offer("drain_worker", on="sick"), Offer("synthetic_call")],
        [
            _(
                "Read the last errors at the time of the calls below. “Workers” says whether memory"
                " is short: then let each take fewer calls (AGENT_CALLS)."
            ),
            _("Open the calls: did somebody go on talking to these callers?"),
        ],
        [ERRORS, WORKERS, CALLS],
    ),
    "crash_loop": Advice(
        _("A wrong setting, a full disk, or a part that the program needs is away."),
        [Offer("restart", on="about"), Offer("free_disk")],
        [_("Read its last errors: they name what is missing."), CALL_THE_HOST],
        [ERRORS, DIAGNOSE, HEALTH],
    ),
    "budget": Advice(
        _("More or longer calls than on other days, a dearer provider, or too small a budget."),
        (),
        [_("Look at the costs day by day. Raise the budget, or choose a cheaper provider.")],
        [SPENDING, CALLS, AGENTS],
    ),
    "facts_late": Advice(
        _("The workers of the queue are dead, blocked or too few."),
        [Offer("run_task_again", target="fold"), Offer("restart", on="program worker")],
        [START_IT],
        [HEALTH],
    ),
    "login_attack": Advice(
        _("Somebody tries passwords, a program has an old one, or a colleague forgot his."),
        (),
        [
            _("Ask whoever owns the account whether it was him."),
            _(
                "If it was not, give the account a new password, and bar the address in the"
                " firewall."
            ),
        ],
        [ACCOUNTS],
    ),
    "secret_leaked": Advice(
        _(
            "A program or a person wrote down what must be nowhere but encrypted in the database."
            " The job “Secrets in the clear” names each secret, and where it stands."
        ),
        [Offer("run_job", target="leaks")],
        [
            _("Give the password or key anew where it comes from, and save the new one here."),
            _("Delete the file in which the old one stands, and its copies."),
            _("Then look again by the button above: this is over when no secret is found."),
        ],
        [MAINTENANCE, ERRORS],
    ),
    "test_call": Advice(
        _("Veyra called this number by itself, and was not answered as it must be."),
        [Offer("synthetic_call", on="about"), Offer("publish_again")],
        [_("The test calls say how far the call came.")],
        [CALLS, DIAGNOSE],
    ),
    "database": Advice(
        _("The database is stopped, overloaded, or its disk is full."),
        [AGAIN, Offer("free_disk")],
        [
            _(
                "Start the database on its server: “docker compose up -d”, or the service"
                " of its own system. One that is only locked is free as soon as the program that"
                " holds it has ended."
            ),
            CALL_THE_HOST,
        ],
        [HEALTH],
    ),
    "broker": Advice(
        _("Redis is stopped or out of memory."),
        [AGAIN, Offer("restart", on="program broker")],
        [
            _(
                "Start Redis on its server: “docker compose up -d”, or “make run”. Callers"
                " are answered again as soon as it runs."
            ),
            CALL_THE_HOST,
        ],
        [HEALTH],
    ),
    "web": Advice(
        _("The program that shows pages is stopped or blocked, or stands under another address."),
        [AGAIN, Offer("restart", on="program web")],
        [START_IT],
        [HEALTH],
    ),
    "livekit": Advice(
        _("The LiveKit server is stopped, overloaded, or its key was changed."),
        [AGAIN, Offer("restart", target="livekit-server"), Offer("publish_again")],
        [
            _(
                "Start LiveKit on its server: “docker compose up -d”, or “make run”."
                " If its program is gone, “make livekit” builds it. Then press “Look again”."
            ),
            CALL_THE_HOST,
        ],
        [HEALTH, DIAGNOSE],
    ),
    "gateway": Advice(
        _("The program that takes the provider's calls is stopped, or its port is closed."),
        [AGAIN, Offer("restart", target="livekit-sip"), Offer("synthetic_call")],
        [
            _(
                "Start the call entrance on its server: “docker compose up -d”, or"
                " “make run”. If its program is gone, “make livekit” builds it. Then press “Look"
                " again”."
            ),
            CALL_THE_HOST,
        ],
        [HEALTH, DIAGNOSE],
    ),
    "media": Advice(
        _("The firewall lets no sound through, or the public address of the server is wrong."),
        [AGAIN, Offer("synthetic_call")],
        [
            _("Have the ports for sound opened in the firewall; the diagnosis names them."),
            _(
                "Then call the line from a telephone and talk for half a minute: the first call"
                " whose caller is heard ends this."
            ),
        ],
        [DIAGNOSE, HEALTH],
    ),
    "provider": Advice(
        _("The provider is away, or refuses our login."),
        [AGAIN, Offer("sign_in_again", on="lines"), Offer("synthetic_call")],
        [
            _(
                "Call the provider: is there a fault, is the account paid, was the password"
                " changed?"
            ),
            _(
                "When he answers again press “Look again”; where the password is new, save it on"
                " the connection first."
            ),
        ],
        [TRUNKS],
    ),
    "registrar": Advice(
        _("The program that signs in at providers is stopped, or a provider refuses our login."),
        [
            AGAIN,
            Offer("sign_in_again", on="lines"),
            Offer("restart", on="program registrar kamailio"),
        ],
        [START_IT],
        [TRUNKS],
    ),
    "worker": Advice(
        _("The programs that run assistants are down, or not one of them is known to LiveKit."),
        [AGAIN, Offer("restart", on="program agent"), Offer("take_calls_again", on="resting")],
        [START_IT],
        [WORKERS, DIAGNOSE],
    ),
    "speech": Advice(
        _("A speech provider is away, its key has expired, or its account is empty."),
        [AGAIN, Offer("restart", on="program agent")],
        [
            _(
                "Choose another voice or language for the assistants, or pay the provider. Then"
                " press “Look again”."
            )
        ],
        [AGENTS],
    ),
    "standby": Advice(
        _("The program of the voice of last resort is stopped."),
        [AGAIN, Offer("restart", on="program standby")],
        [START_IT],
        [HEALTH],
    ),
    "watchdog": Advice(
        _("The program that watches over calls is stopped or blocked."),
        [AGAIN, Offer("restart", on="program watchdog"), Offer("release_lock", target="watchdog")],
        [START_IT],
        [HEALTH],
    ),
    "recorder": Advice(
        _("The program that records what staff ask for is stopped."),
        [AGAIN, Offer("restart", on="program recorder")],
        [START_IT],
        [HEALTH, GUARANTEE],
    ),
    "tap": Advice(
        _("The program that listens to the call entrance is stopped, or hears nothing."),
        [AGAIN, Offer("resubscribe_tap")],
        [START_IT],
        [HEALTH],
    ),
    "schedule": Advice(
        _("The schedule, or the workers that do its work, are stopped."),
        [AGAIN, Offer("restart", on="program beat worker")],
        [START_IT],
        [HEALTH],
    ),
    "queues": Advice(
        _("A worker of the queue is dead or blocked, so work piles up."),
        [
            AGAIN,
            Offer(
                "restart",
                on="program worker worker-calls worker-livekit worker-slow worker-saving",
            ),
        ],
        [START_IT],
        [HEALTH],
    ),
    "observer": Advice(
        _("LiveKit was not asked for a while which calls there are."),
        [AGAIN, Offer("observe_now"), Offer("run_task_again", target="observe")],
        (),
        [HEALTH],
    ),
    "webhooks": Advice(
        _("LiveKit does not reach our address, or signs its messages with another key."),
        [AGAIN, Offer("observe_now"), Offer("restart", target="livekit-server")],
        [
            _(
                "Where “make run” started LiveKit, its restart by the button writes its settings"
                " anew. Elsewhere compare the address and the key in them with ours, which the"
                " diagnosis names, and restart it then."
            )
        ],
        [DIAGNOSE],
    ),
    "storage": Advice(
        _("The storage is away, full, or our login to it has ended."),
        [AGAIN, Offer("storage_trial", on="storages"), Offer("send_uploads")],
        [
            _(
                "A folder that cannot be written: look into “dmesg” on its server. A disk that is"
                " well is opened again by “mount -o remount,rw FOLDER”. A bucket: correct its login"
                " on the page of the storage. Then press “Try the storage”."
            ),
            _(
                "Recorded sound waits on the servers meanwhile: nothing is lost while their disks"
                " last."
            ),
        ],
        [STORAGES],
    ),
    "uploading": Advice(
        _("The storage is away, or a server does not reach ours."),
        [AGAIN, Offer("send_uploads"), Offer("storage_trial", on="storages")],
        [_("Nothing is lost while the disk of that server lasts.")],
        [STORAGES],
    ),
    "disk": Advice(
        _("Recordings, logs or the database fill the disk."),
        [AGAIN, Offer("free_disk")],
        [_("Keep recordings for fewer days, move them to another storage, or get a larger disk.")],
        [KEEPING, STORAGES, HEALTH],
    ),
    "memory": Advice(
        _("More calls at once than the server can carry, or a program that grows."),
        [AGAIN, Offer("drain_worker", on="sick")],
        [_("Let fewer calls in at once, or get a larger server.")],
        [WORKERS, HEALTH],
    ),
    "drift": Advice(
        _("Somebody changed the line in LiveKit itself, or LiveKit refuses what is saved here."),
        [AGAIN, Offer("publish_again")],
        [_("“Differences” shows both sides, and a button for each.")],
        [DIFFERENCES, PUBLISHED],
    ),
    "certificates": Advice(
        _("A certificate was not renewed, or is for another name."),
        [AGAIN],
        [
            _(
                "Have it renewed on the server that shows it, before browsers and providers refuse"
                " to connect: “certbot renew”, then reload that web server. Then press “Look"
                " again”."
            )
        ],
        [HEALTH],
    ),
    "clock": Advice(
        _("A server's clock is wrong, so times of calls are told wrong and logins may fail."),
        [AGAIN],
        [
            _(
                "Have the clock of that server set by NTP: “timedatectl set-ntp true” (in a"
                " container it is the clock of its host). Then press “Look again”."
            )
        ],
        [HEALTH],
    ),
    "addresses": Advice(
        _("The address that we tell providers is not the one by which the world reaches us."),
        [AGAIN],
        [
            _(
                "Have PUBLIC_IP in the settings (.env) set to the public address of the server, or"
                " to auto, and start Veyra again: “docker compose up -d”, or “make run”. Then press"
                " “Look again”."
            )
        ],
        [DIAGNOSE, HEALTH],
    ),
    "load": Advice(
        _("More calls at once than the call entrance can carry: it refuses new ones."),
        [AGAIN],
        [_("Let fewer calls in at once, or get a larger or a second server.")],
        [HEALTH],
    ),
    "egress": Advice(
        _("LiveKit's recording program is stopped, or has no room for another recording."),
        [AGAIN],
        [_("Start it on its server. Talks that staff recorded by it go on by our own recorder.")],
        [HEALTH],
    ),
    "ingress": Advice(
        _("LiveKit's program for incoming streams is stopped."),
        [AGAIN],
        [_("Start it on its server. Calls are not touched.")],
        [HEALTH],
    ),
    "lookout": Advice(
        _("The program that watches the watchers is stopped. Alarms still go out."),
        [AGAIN, Offer("restart", on="program lookout")],
        [START_IT],
        [HEALTH],
    ),
    "versions": Advice(
        _("A program of LiveKit is older or newer than those that Veyra was tried with."),
        [AGAIN],
        [_("Calls go on. Have it brought to a version that the check names.")],
        [HEALTH],
    ),
    "channels": Advice(
        _(
            "An alarm channel does not take our messages: a password was changed, an address is"
            " wrong, or the service behind it is down."
        ),
        [Offer("test_channel"), AGAIN],
        [_("Open the channel under “Alarms”: it says what it answered, and what to correct.")],
        [CHANNELS, HEALTH],
    ),
    "security_event": Advice(
        _("It may be all right, and it may be somebody who should not be here."),
        (),
        [
            _("Ask whoever is named whether it was he. If not, end his sessions, take his role."),
            _("If it was a program, end its key on the page “Keys for programs”."),
            _("Calls that are turned away cost nothing: a firewall can keep their address out."),
        ],
        [SECURITY, ACCOUNTS],
    ),
    "webhook_fails": Advice(
        _(
            "The program that is told of calls is away, its address changed, or it refuses our"
            " messages. Calls go on; that program misses what happens after a day."
        ),
        (),
        [
            _("Open the webhook: it says what was answered. Tell whoever runs that program."),
            _("When it works again, switch it on and press “Send again”."),
        ],
        [HOOKS],
    ),
    "backup": Advice(
        _("The nightly backup did not run, or could not be written."),
        [AGAIN, Offer("run_job", target="backup")],
        [_("Look whether there is room where backups are kept.")],
        [HEALTH],
    ),
}
