"""What is written down of a conversation when it is over, by who thinks for its assistant.

Not by the job that held it: that may have been killed, and while it lives the room counts as looked
after.
"""

from datetime import timedelta

TASK = "agentworker.sum_up"
# Of a job that did not tell its end: no call is longer.
NO_END = timedelta(hours=1)
