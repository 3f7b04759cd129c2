"""When an assistant answers: always, or by the hours of a place. It holds at once, published or
not, since it is decided when somebody calls.
"""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agentworker.content import Content
from agentworker.hours import words
from agentworker.hours.book import ruling_of_place
from agentworker.models import Agent, Closure, Place
from agentworker.parts import Part
from agentworker.services import Words


class HoursPart(Part):
    name = "hours"
    section = "hours"
    template = "agentworker/_hours.html"

    place = forms.ModelChoiceField(
        Place.objects.none(),
        label=_("When it answers"),
        required=False,
        blank=True,
        empty_label=_("at any hour"),
        widget=forms.RadioSelect(),
        # Hours are also given on a page of their own, opened from here: a choice that this page
        # only showed does not undo them.
        show_hidden_initial=True,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        self.initial["place"] = self.agent.hours_id
        if self.user:
            fields["place"].queryset = Place.objects.visible_to(self.user).kept()

    @classmethod
    def initial_from(cls, content: Content | Words) -> dict[str, Any]:
        return {}

    def into(self, words: Words) -> Words:
        return words

    def save(self) -> None:
        if "place" in self.changed_data:
            Agent.objects.filter(pk=self.agent.pk).update(hours=self.cleaned_data["place"])

    def extra(self) -> dict[str, Any]:
        now = timezone.now()
        fields: dict[str, Any] = self.fields
        closures = list(Closure.objects.not_over(now).shown())
        told = {
            place.pk: (
                words.in_one_line(place),
                words.standing(ruling_of_place(place, closures, now), now),
                place,
                words.clock(place, now),
            )
            for place in fields["place"].queryset.select_related("stand_in")
        }
        choices = [(choice, told.get(_pk(choice.data["value"]))) for choice in self["place"]]
        return {
            "choices": choices,
            "shown": self["place"].as_hidden(only_initial=True),
            "may": self.user is not None and self.user.has_perm("agentworker.change_place"),
        }


def _pk(value: Any) -> int:
    return int(str(value)) if str(value).isdecimal() else 0
