"""Calls, the facts that they are folded from, and refused callers: rows that machines write."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.timezone import localtime, make_aware
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter
from unfold.decorators import display

from agentworker.models import MOST_LINES, Turn
from telephony import came_of
from telephony.facts import Call, CallEvent, Refused
from telephony.numbers import pretty
from telephony.reasons import sentence
from telephony.testcalls import caller
from veyra.admin import CountedChangeList, MachineRowAdmin
from veyra.models import User
from veyra.sentences import Sentence

# Of a call's state and of its outcome: "answered" is both.
COLOURS = {
    Call.State.RINGING: "warning",
    Call.State.ANSWERED: "success",
    Call.State.ENDED: "info",
    Call.Outcome.ABANDONED: "warning",
    Call.Outcome.REJECTED: "danger",
    Call.Outcome.FAILED: "danger",
    Call.Outcome.NO_AGENT: "danger",
    Call.Outcome.CLOSED: "info",
}


def moment(at: datetime) -> str:
    """A time in the reader's zone and language."""
    return date_format(localtime(at), "DATETIME_FORMAT")


def unbroken(text: str) -> SafeString:
    """On one line."""
    return format_html('<span class="vy-unbroken">{}</span>', text)


OFTEN = gettext_noop(
    "These words were said so often that only the newest %(count)s lines with them were looked "
    "through. Add another word."
)


def often() -> Sentence:
    return Sentence(OFTEN, {"count": number_format(MOST_LINES)})


class CallList(CountedChangeList):
    def url_for_result(self, result: Any) -> str:
        """A call is read on its own page; words that were searched for are marked there."""
        found = f"?{urlencode({'q': self.query})}" if is_words(self.query) else ""
        return f"/calls/{result.pk}/{found}"

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not may_read_words(request):
            return
        self.result_list = list(self.result_list)
        came = came_of.of_calls([call.pk for call in self.result_list])
        for call in self.result_list:
            call.came = came.get(call.pk, ())
        self.search_help_text = gettext("A number, or words that were said")
        if is_words(self.query) and Turn.objects.said_often(self.query):
            messages.warning(request, str(often()))


def is_words(text: str) -> bool:
    """Else it is a number, or a part of one."""
    return any(character.isalpha() for character in text)


def may_read_words(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.has_perm("agentworker.view_session")


# As the boxes of either language write a day: a search that is kept or shared means the same to
# whoever reads in another one.
DAYS = ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y"]


class MomentFilter(RangeDateTimeFilter):  # type: ignore[misc]  # unfold ships no types
    """Between two moments of the reader's zone; a day without a time is the whole of it."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = self._moment("from", time.min), self._moment("to", time.max)
        if first:
            queryset = queryset.filter(**{f"{self.parameter_name}__gte": first})
        if last:
            queryset = queryset.filter(**{f"{self.parameter_name}__lte": last})
        return queryset

    def _moment(self, end: str, otherwise: time) -> datetime | None:
        """None where nothing was chosen. What is no day is an error: all calls were not meant."""
        day, clock = (self.used_parameters.get(f"{self.parameter_name}_{end}_{n}") for n in (0, 1))
        try:
            date = forms.DateField(required=False, input_formats=DAYS).clean(day)
            at = forms.TimeField(required=False).clean(clock)
            return make_aware(datetime.combine(date, at or otherwise)) if date else None
        except (ValidationError, ValueError, OverflowError) as error:
            raise IncorrectLookupParameters from error


@admin.register(Call)
class CallAdmin(MachineRowAdmin):
    """The list."""

    purpose = _("Every call, who answered it and how it ended. The first call fills it.")

    list_display = (
        "when",
        "shown_caller",
        "shown_number",
        "agent",
        "shown_outcome",
        "why",
    )
    list_filter = (
        "state",
        "outcome",
        "direction",
        "agent",
        # Of ten thousand numbers none is listed before somebody types a part of it.
        ("number", AutocompleteSelectFilter),
        ("started_at", MomentFilter),
        "trunk",
        "is_test",
    )
    list_select_related = ("agent",)
    search_fields = ("from_number", "to_number")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Call]:
        return Call.objects.visible_to(request.user)

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        """What came of them is told to who may read what was said."""
        columns = super().get_list_display(request)
        return (*columns, "what_came") if may_read_words(request) else columns

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Call], search_term: str
    ) -> tuple[QuerySet[Call], bool]:
        """ "8 (499) 112-41-48" finds the calls of that number, however the provider wrote it, and
        "заказы" those in which somebody spoke of an order: for whoever may read that.
        """
        text = search_term.strip()
        if not text:
            return queryset, False
        calls = Call.objects.visible_to(request.user).order_by()
        found = calls.matching(text).values("pk")
        if is_words(text) and may_read_words(request):
            said = calls.saying(text).values("pk")
            # A caller's name is ASCII; to look for it takes reading through all calls.
            found = found.union(said) if text.isascii() else said
        return queryset.filter(pk__in=found), False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CallList

    def change_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        return redirect(f"/calls/{object_id}/")

    @admin.display(description=_("started"), ordering="started_at")
    def when(self, call: Call) -> str:
        return moment(call.started_at)

    @admin.display(description=_("from"), ordering="from_number")
    def shown_caller(self, call: Call) -> SafeString:
        return unbroken(caller(call) or gettext("withheld number"))

    @admin.display(description=_("to"), ordering="to_number")
    def shown_number(self, call: Call) -> SafeString:
        return unbroken(pretty(call.to_number))

    @display(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=_("outcome"), label=COLOURS, ordering="outcome"
    )
    def shown_outcome(self, call: Call) -> tuple[str, str]:
        """How it ended; while it goes on, how it stands."""
        if call.outcome:
            return call.outcome, call.outcome_label
        return call.state, call.get_state_display()

    @admin.display(description=_("why it ended"))
    def why(self, call: Call) -> str:
        return str(sentence(call.reason))

    @admin.display(description=_("what came of it"))
    def what_came(self, call: Any) -> SafeString:
        """`call.came`: of a page of the list."""
        told = next((each for each in reversed(getattr(call, "came", ()))), None)
        if told is None:
            return SafeString("")
        words = told.outcome or told.summary or told.noted_line
        return format_html('<span title="{}">{}</span>', told.summary, words)


@admin.register(CallEvent)
class CallEventAdmin(MachineRowAdmin):
    purpose = _("What LiveKit and the assistants told about calls. The first call fills it.")
    list_display = ("at", "source", "kind", "room_name", "sip_call_id", "event_id")
    list_filter = ("source",)
    # Each has an index, which "=" would not use: it looks past upper and lower case.
    search_fields = ("sip_call_id__exact", "room_sid__exact", "event_id__exact")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CallEvent]:
        return CallEvent.objects.visible_to(request.user)


@admin.register(Refused)
class RefusedAdmin(MachineRowAdmin):
    """Callers who were turned away and are no customers of ours, most often scanners."""

    purpose = _("Strangers who tried the line and were turned away. It is well when it is empty.")

    list_display = ("last_at", "address", "number", "caller", "count", "why")
    search_fields = ("address", "number", "caller")
    ordering = ("-last_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Refused]:
        return Refused.objects.visible_to(request.user)

    @admin.display(description=_("why"), ordering="reason")
    def why(self, refused: Refused) -> str:
        return str(sentence(refused.reason))
