"""The list of recordings: by day, by who called or by what was said; heard on the spot."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from recordings.models import Recording
from telephony.call_admin import CallList, MomentFilter, is_words, may_read_words, moment, unbroken
from telephony.numbers import pretty
from telephony.testcalls import caller
from veyra.admin import MachineRowAdmin

State = Recording.State
COLOURS = {
    State.EXPECTED: "warning",
    State.RECORDING: "warning",
    State.SAVING: "warning",
    State.READY: "success",
    State.MISSING: "danger",
    State.FAILED: "danger",
    State.DELETED: "info",
}


class RecordingList(CallList):
    def url_for_result(self, result: Any) -> str:
        """A recording is heard on the page of its call, beside what was said."""
        if result.call is None or not self.may_see_calls:
            return reverse("recording", args=[result.pk])
        return super().url_for_result(result.call)

    def get_results(self, request: HttpRequest) -> None:
        self.may_see_calls = request.user.has_perm("telephony.view_call")
        super().get_results(request)


@admin.register(Recording)
class RecordingAdmin(MachineRowAdmin):
    purpose = _("What was said in calls, to be heard again. The first recorded call fills it.")
    list_before_template = "recordings/dock.html"
    list_display = ("when", "shown_caller", "shown_number", "agent", "length", "shown_state", "why")
    list_filter = (
        ("created_at", MomentFilter),
        "state",
        # Of ten thousand numbers none is listed before somebody types a part of it.
        ("call__number", AutocompleteSelectFilter),
        "call__agent",
    )
    search_fields = ("call__from_number", "call__to_number")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recording]:
        return Recording.objects.visible_to(request.user).listed()

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        when, *others = super().get_list_display(request)
        may_hear = request.user.has_perm("recordings.hear_recording")
        # At the beginning: the end of a line is out of sight on a narrow screen.
        return (when, "hear", *others) if may_hear else (when, *others)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Recording], search_term: str
    ) -> tuple[QuerySet[Recording], bool]:
        """As the list of calls is searched: by a number in any spelling, or by what was said."""
        text = search_term.strip()
        if not text:
            return queryset, False
        with_words = is_words(text) and may_read_words(request)
        found = Recording.objects.visible_to(request.user).of_calls_with(text, words=with_words)
        return queryset.filter(pk__in=found.values("pk")), False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RecordingList

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        return redirect(f"/recordings/{object_id}/")

    @admin.display(description=_("when"), ordering="created_at")
    def when(self, recording: Recording) -> str:
        return moment(recording.moment)

    @admin.display(description=_("from"))
    def shown_caller(self, recording: Recording) -> SafeString:
        call = recording.call
        return unbroken(caller(call) or gettext("withheld number") if call else "—")

    @admin.display(description=_("to"))
    def shown_number(self, recording: Recording) -> SafeString:
        return unbroken(pretty(recording.call.to_number) if recording.call else "—")

    @admin.display(description=_("assistant"))
    def agent(self, recording: Recording) -> str:
        agent = recording.call and recording.call.agent
        return agent.name if agent else "—"

    @admin.display(description=_("length"))
    def length(self, recording: Recording) -> str:
        if recording.seconds is None:
            return "—"
        minutes, seconds = divmod(round(recording.seconds), 60)
        return f"{minutes}:{seconds:02}"

    @display(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=_("state"), label=COLOURS
    )
    def shown_state(self, recording: Recording) -> tuple[str, str]:
        is_ready = recording.state == State.READY
        word = gettext("Can be heard") if is_ready else recording.get_state_display()
        return recording.state, str(word)

    @admin.display(description=_("what it lacks"))
    def why(self, recording: Recording) -> str:
        return str(recording.sentence)

    @admin.display(description="")
    def hear(self, recording: Recording) -> str | SafeString:
        if not recording.has_sound:
            return ""
        url = f"{reverse('recording', args=[recording.pk])}?part=1"
        button = '<button type="button" data-player-at="{}" aria-label="{}" title="{}">▶</button>'
        word = gettext("Listen")
        return format_html(button, url, word, word)
