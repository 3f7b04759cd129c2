"""Every job of upkeep by its name, in the order in which they are done."""

from monitoring.logs import leaks
from monitoring.upkeep import daily, monthly, weekly
from monitoring.upkeep.job import Job

_ALL = (*daily.JOBS, *leaks.JOBS, *weekly.JOBS, *monthly.JOBS)
JOBS: dict[str, Job] = {job.name: job for job in _ALL}
