"""The schedule of background work."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_celery_beat import models as beat
from unfold.decorators import display

from monitoring.call_list import CallListAdmin
from monitoring.incidents.contact_admin import ContactAdmin
from veyra.admin import MachineRowAdmin

__all__ = ["CallListAdmin", "ContactAdmin", "ScheduleAdmin"]

# The schedule is code (CELERY_BEAT_SCHEDULE): it is shown here, and changed nowhere.
for model in (
    beat.PeriodicTask,
    beat.IntervalSchedule,
    beat.CrontabSchedule,
    beat.SolarSchedule,
    beat.ClockedSchedule,
):
    admin.site.unregister(model)


@admin.register(beat.PeriodicTask)
class ScheduleAdmin(MachineRowAdmin):
    """What repeats, how often, and when it was last begun."""

    purpose = _("Work that repeats. It appears here as soon as background work starts.")
    list_display = ("name", "task", "every", "last_run_at", "total_run_count")

    def get_queryset(self, request: HttpRequest) -> QuerySet[beat.PeriodicTask]:
        return super().get_queryset(request).select_related("interval", "crontab")  # type: ignore[no-any-return]  # unfold ships no types

    @display(description=_("how often"))  # type: ignore[untyped-decorator]  # unfold ships no types
    def every(self, row: beat.PeriodicTask) -> str:
        return str(row.interval or row.crontab or "")
