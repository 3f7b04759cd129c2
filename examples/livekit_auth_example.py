"""Who a key is, what it may do, and what is answered where it may not.

Keys are made on the page “Keys for programs”: each acts as a person, or as a service with one role.
Tokens of LiveKit itself are never handed to programs: Veyra makes those, for one room and minutes.
"""

from veyra_client import ProblemError, Veyra

DOORS = (
    "calls/",
    "numbers/",
    "trunks/",
    "rules/",
    "agents/",
    "recordings/",
    "rooms/",
    "incidents/",
)


def may(veyra: Veyra) -> dict[str, str]:
    """Each door of the API with "yes", or the sentence that says why not."""
    found = {}
    for door in DOORS:
        try:
            veyra.get(door)
        except ProblemError as problem:
            found[door] = str(problem)
        else:
            found[door] = "yes"
    return found


def is_let_in(veyra: Veyra) -> bool:
    """False: the key was ended, ran out, or never was one. Asking on is useless: make another."""
    try:
        veyra.get("health/")
    except ProblemError as problem:
        if problem.status == 401:
            return False
        raise
    return True


def main() -> None:
    veyra = Veyra()
    if not is_let_in(veyra):
        print("this key lets nobody in")
        return
    for door, answer in may(veyra).items():
        print(f"{door:12} {answer}")


if __name__ == "__main__":
    main()
