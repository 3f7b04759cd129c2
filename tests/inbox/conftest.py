"""What the tests of refused calls share with those of the pages of monitoring."""

from tests.monitoring.conftest import agent, logged_in, make_user, number, rule, well

__all__ = ["agent", "logged_in", "make_user", "number", "rule", "well"]
