"""Pages of what is kept of calls."""

from recordings import recording_admin  # noqa: F401  # it registers its pages
