"""Is the line well? For a monitoring of your own: 0 all is well, 1 a warning, 2 callers suffer.

python examples/livekit_monitoring_example.py
"""

import sys

from veyra_client import Veyra


def what_is_wrong(veyra: Veyra) -> list[str]:
    """A sentence for each check that does not say "ok"."""
    checks = veyra.get("health/")["checks"]
    return [
        f"{check['name']}: {check['sentence']}"
        for check in checks
        if check["status"] not in ("ok", "off")
    ]


def open_incidents(veyra: Veyra) -> list[tuple[int, str]]:
    """(1 to 4, what happened) of those that are not over, the worst first."""
    rows = [row for row in veyra.rows("incidents/") if row["state"] != "resolved"]
    return sorted((row["severity"], row["sentence"]) for row in rows)


def say_that_i_am_on_it(veyra: Veyra, incident: str, why: str) -> None:
    """Nobody else is woken; colleagues read why."""
    veyra.post(f"incidents/{incident}/acknowledge/")
    veyra.post(f"incidents/{incident}/comment/", {"text": why})


def verdict(veyra: Veyra) -> int:
    incidents = open_incidents(veyra)
    for severity, sentence in incidents:
        print(f"P{severity} {sentence}")
    wrong = what_is_wrong(veyra)
    print("\n".join(wrong) or "all is well")
    if any(severity <= 2 for severity, _sentence in incidents):
        return 2
    return 1 if wrong or incidents else 0


if __name__ == "__main__":
    sys.exit(verdict(Veyra()))
