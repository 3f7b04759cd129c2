"""Hears a room, and writes down what was said in it: one sound file a stretch without a break."""

# The sign of life of `manage.py recorder`.
PULSE = "recorder"
