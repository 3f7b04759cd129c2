"""What keeps Veyra from starting, said in one sentence."""


class Trouble(Exception):
    """The start cannot go on. Its text is a translated sentence with what to do next."""


class CannotBuild(Trouble):
    """A program could not be made here; the start may go on without it."""
