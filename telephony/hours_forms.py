"""Forms of opening hours, and of closures."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agentworker.hours import sounds, week
from agentworker.hours.calendar import Calendar
from agentworker.hours.models import Outside
from agentworker.hours.sounds import SoundError
from agentworker.models import Agent, Announcement, Closure, Place
from agentworker.scope import scope_of
from telephony import opening
from telephony.hours_fields import DaysField, MessageField, WeekField, sound_field
from telephony.models import Colleague, PhoneNumber, Team
from telephony.numbers import pretty
from veyra.models import User
from veyra.zones import zones


class Spoken(forms.Form):
    """What callers hear: words, or sound of somebody of us; `kept` is what is there now."""

    message = MessageField()
    sound = sound_field()
    drop_sound = forms.BooleanField(
        label=gettext_lazy("Do not play the recording any more"), required=False
    )
    kept: Announcement | None = None

    def clean_sound(self) -> Announcement | None:
        """Not saved yet."""
        file = self.cleaned_data["sound"]
        if file is None:
            return None
        if file.size > sounds.MOST_BYTES:
            raise ValidationError(_("The file is larger than 10 MB. Choose a shorter recording."))
        try:
            return sounds.kept(file)
        except SoundError as error:
            raise ValidationError(str(error.sentence)) from error

    def speak(self, row: Place | Closure) -> None:
        """Give the row its message, and save its sound."""
        row.message = self.cleaned_data["message"]
        if new := self.cleaned_data["sound"]:
            new.save()
            row.sound = new
        elif self.cleaned_data["drop_sound"]:
            row.sound = None


class PlaceForm(Spoken):
    """`save` writes the place, with the numbers and assistants that work by its hours."""

    name = forms.CharField(
        label=gettext_lazy("Where, or what for"),
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("Shop in Kazan")}),
    )
    time_zone = forms.ChoiceField(label=gettext_lazy("Its clock"), choices=zones)
    week = WeekField(label=gettext_lazy("Hours"))
    calendar = forms.ChoiceField(
        label=gettext_lazy("Holidays"), choices=Calendar.choices, required=False
    )
    exceptions = DaysField(label=gettext_lazy("Days with other hours"), required=False)
    outside = forms.ChoiceField(
        label=gettext_lazy("Who calls outside these hours gets"),
        choices=Outside.choices,
        widget=forms.RadioSelect(),
    )
    stand_in = forms.ModelChoiceField(
        Agent.objects.none(),
        label=gettext_lazy("Which assistant"),
        required=False,
        help_text=gettext_lazy("Its own hours are not asked."),
    )
    people = forms.ChoiceField(label=gettext_lazy("Who is rung"), required=False)
    numbers = forms.ModelMultipleChoiceField(
        PhoneNumber.objects.none(),
        label=gettext_lazy("Numbers that work by these hours"),
        required=False,
        widget=forms.CheckboxSelectMultiple(),
    )
    agents = forms.ModelMultipleChoiceField(
        Agent.objects.none(),
        label=gettext_lazy("Assistants that work by these hours"),
        required=False,
        widget=forms.CheckboxSelectMultiple(),
        help_text=gettext_lazy(
            "For an assistant that is to answer only then, whatever number is called. The hours of"
            " a number go first."
        ),
    )

    def __init__(self, *args: Any, place: Place, user: User, **kwargs: Any) -> None:
        kwargs["initial"] = initial_of(place) | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        self.place, self.kept = place, place.sound
        fields: dict[str, Any] = self.fields
        agents = Agent.objects.visible_to(user).kept()
        fields["stand_in"].queryset = fields["agents"].queryset = agents
        fields["numbers"].queryset = PhoneNumber.objects.visible_to(user).kept()
        fields["numbers"].label_from_instance = labelled
        fields["people"].choices = people_choices(user)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Place.objects.kept().filter(name=name).exclude(pk=self.place.pk).exists():
            raise ValidationError(_("There are already opening hours with this name."))
        return name

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        given = self.cleaned_data
        if given.get("outside") == Outside.AGENT and not given.get("stand_in"):
            self.add_error("stand_in", _("Choose who answers then."))
        return cleaned

    def save(self, now: datetime) -> Place:
        place, given = self.place, self.cleaned_data
        for name in ("name", "time_zone", "calendar", "outside", "stand_in", "people"):
            setattr(place, name, given[name])
        place.week = week.to_json(given["week"])
        place.exceptions = week.exceptions_to_json(given["exceptions"])
        self.speak(place)
        opening.save_place(place, given["numbers"], given["agents"], now.year)
        return place


def initial_of(place: Place) -> dict[str, Any]:
    if place._state.adding:
        zone = timezone.get_default_timezone_name()
        usual = {"week": week.OFFICE, "calendar": Calendar.RUSSIA, "outside": Outside.MESSAGE}
        return {"time_zone": zone, **usual}
    names = ("name", "time_zone", "calendar", "outside", "stand_in", "people", "message")
    return {name: getattr(place, name) for name in names} | {
        "week": week.from_json(place.week),
        "exceptions": week.exceptions_of(place.exceptions),
        "numbers": opening.numbers_of(place),
        "agents": place.agents.all(),
    }


def labelled(number: PhoneNumber) -> str:
    return " · ".join(filter(None, [pretty(number.number), number.label]))


def people_choices(user: User) -> list[tuple[str, Any]]:
    colleagues = Colleague.objects.visible_to(user).kept()
    teams = Team.objects.visible_to(user).kept()
    return [
        ("", _("whom the rule of the number names for need")),
        *((f"{opening.COLLEAGUE}:{each.key}", each.name) for each in colleagues),
        *((f"{opening.TEAM}:{each.key}", each.name) for each in teams),
    ]


ALL, AGENT, PLACE, NUMBER = "all", "agent", "place", "number"
HOUR, TODAY, TOMORROW, MOMENT, OPEN_END = "hour", "today", "tomorrow", "moment", "open"


class ClosureForm(Spoken):
    """ "Close…": what, until when, and what callers hear."""

    what = forms.ChoiceField(label=gettext_lazy("What to close"))
    until = forms.ChoiceField(
        label=gettext_lazy("Until"),
        choices=[
            (HOUR, gettext_lazy("for an hour")),
            (TODAY, gettext_lazy("until midnight")),
            (TOMORROW, gettext_lazy("until tomorrow, 09:00")),
            (MOMENT, gettext_lazy("until…")),
            (OPEN_END, gettext_lazy("until somebody opens")),
        ],
        initial=TOMORROW,
        widget=forms.RadioSelect(),
    )
    moment = forms.DateTimeField(
        label=gettext_lazy("Day and time"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, user: User, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        self.targets = targets(user)
        fields: dict[str, Any] = self.fields
        fields["what"].choices = [(name, label) for name, label, _row in self.targets]
        del fields["drop_sound"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            cleaned["ends"] = self._ends(cleaned)
        return cleaned

    def _ends(self, given: dict[str, Any]) -> datetime | None:
        """By the clock of what is closed."""
        zone = self.zone
        local = self.now.astimezone(zone)
        day = {TODAY: local.date() + DAY, TOMORROW: local.date() + DAY}.get(given["until"])
        if day:
            at = time() if given["until"] == TODAY else time(9)
            return datetime.combine(day, at, zone)
        if given["until"] == OPEN_END:
            return None
        if given["until"] == HOUR:
            return self.now + timedelta(hours=1)
        typed = given.get("moment")
        if typed is None:
            self.add_error("moment", _("Say until when."))
            return None
        # As it was typed, whatever the reader's own clock says.
        ends: datetime = typed.replace(tzinfo=zone)
        if ends <= self.now:
            self.add_error("moment", _("This moment is over already."))
        return ends

    @property
    def row(self) -> Any:
        """What is to be closed: a row, or None for the whole line."""
        chosen = self.cleaned_data.get("what")
        return next((row for name, _label, row in self.targets if name == chosen), None)

    @property
    def zone(self) -> ZoneInfo:
        return opening.zone_of(self.row)

    def closure(self) -> Closure:
        """Not saved yet, but for its sound."""
        row, closure = self.row, Closure(begins=self.now, until=self.cleaned_data["ends"])
        if isinstance(row, Place):
            closure.place = row
        elif isinstance(row, Agent):
            closure.agent = row
        elif isinstance(row, PhoneNumber):
            closure.number = opening.kept(row)
        self.cleaned_data.setdefault("drop_sound", False)
        self.speak(closure)
        return closure


DAY = timedelta(days=1)


def targets(user: User) -> list[tuple[str, Any, Any]]:
    """(value, label, row) of all that can be closed; the whole line has no row. Who sees only some
    places closes nothing that others have, too.
    """
    sees_all = scope_of(user) is None
    found: list[tuple[str, Any, Any]] = []
    if sees_all:
        found.append((ALL, _("the whole line: every number"), None))
    for place in Place.objects.visible_to(user).kept():
        found.append((f"{PLACE}:{place.pk}", place.name, place))
    for number in PhoneNumber.objects.visible_to(user).in_use():
        found.append((f"{NUMBER}:{number.pk}", labelled(number), number))
    for agent in Agent.objects.visible_to(user).kept() if sees_all else ():
        label = _("the assistant “%(name)s”") % {"name": agent.name}
        found.append((f"{AGENT}:{agent.pk}", label, agent))
    return found
