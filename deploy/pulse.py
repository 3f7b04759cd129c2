"""Has a background program shown life lately? For healthchecks: pulse.py NAME SECONDS

Asks the database itself, since all of Veyra would take seconds of a processor to start: each
minute, for each container, all at once, beside the calls.
"""

import os
import sys

import psycopg

FELT = "SELECT 1 FROM veyra_pulse WHERE name = %s AND at >= now() - make_interval(secs => %s)"

name, seconds = sys.argv[1], int(sys.argv[2])
with psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=5) as database:
    sys.exit(database.execute(FELT, (name, seconds)).fetchone() is None)
