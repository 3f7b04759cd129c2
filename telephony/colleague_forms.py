"""Forms of our people, and of groups of them."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldAdminTimeWidget,
    UnfoldBooleanSwitchWidget,
)

from agentworker.hours.week import Weekday
from telephony.models import Colleague, Team
from telephony.numbers import NumberError, e164
from veyra.models import User

BEGINS = _(
    "By the clock of %(zone)s. Empty: around the clock. A shift may end after midnight:"
    " 22:00–06:00."
)


class KeptForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """A row that is put away by a switch."""

    is_gone = forms.BooleanField(required=False, widget=UnfoldBooleanSwitchWidget())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["is_gone"].initial = bool(self.instance.archived_at)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        gone = bool(self.cleaned_data.get("is_gone"))
        self.instance.archived_at = (self.instance.archived_at or timezone.now()) if gone else None
        return cleaned


class ColleagueForm(KeptForm):
    phone = forms.CharField(
        label=_("Telephone"),
        required=False,
        max_length=40,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_(
            "Where calls for this colleague ring: 8 916 123-45-67, +7 916 123-45-67, or an"
            " extension: 101. Empty: only the browser rings. Who picks up may first be told who"
            " calls: any key connects at once."
        ),
    )
    days = forms.MultipleChoiceField(
        label=_("Working days"),
        required=False,
        choices=Weekday.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text=_("None chosen: every day."),
    )
    user = forms.ModelChoiceField(
        label=_("Login"),
        required=False,
        queryset=User.objects.none(),
        widget=UnfoldAdminSelectWidget(),
        help_text=_("Whose pages of Veyra ring. Empty: this colleague has only a telephone."),
    )

    class Meta:
        model = Colleague
        fields = ("name", "phone", "user", "in_browser", "days", "begins", "ends", "away")
        widgets = {
            "begins": UnfoldAdminTimeWidget(format="%H:%M"),
            "ends": UnfoldAdminTimeWidget(format="%H:%M"),
        }
        labels = {
            "name": _("Name of the colleague"),
            "begins": _("Works from"),
            "ends": _("Works until"),
        }
        help_texts = {
            "name": _("As colleagues call each other, such as “Olga, sales”."),
            "in_browser": _("A call for this colleague rings on every page that is open."),
            "away": _("Each says so by a click at the top of any page. Who is away is not rung."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["days"] = list(self.instance.days)
        self.fields["is_gone"].label = _("no longer with us")
        self.fields["is_gone"].help_text = _("Is rung no more, and stays in the calls of before.")
        if "begins" in self.fields:
            zone = {"zone": timezone.get_default_timezone_name()}
            self.fields["begins"].help_text = BEGINS % zone
        if "user" in self.fields:
            taken = Colleague.objects.exclude(pk=self.instance.pk).exclude(user=None)
            staff = User.objects.filter(is_active=True, is_staff=True)
            free = staff.exclude(pk__in=taken.values("user"))
            self.fields["user"].queryset = free.order_by("username")  # type: ignore[attr-defined]  # of the field that it is

    def clean_phone(self) -> str:
        typed: str = self.cleaned_data["phone"]
        if not typed:
            return ""
        try:
            return e164(typed)
        except NumberError as error:
            raise ValidationError(str(error.sentence)) from error

    def clean_days(self) -> str:
        days = "".join(sorted(self.cleaned_data["days"]))
        return "" if len(days) == len(Weekday.choices) else days

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        given = self.cleaned_data
        by_browser = given.get("in_browser") and given.get("user")
        if not (given.get("phone") or by_browser) and "phone" not in self.errors:
            self.add_error(
                "phone",
                _("Nobody could reach this colleague. Give a telephone, or a login that rings."),
            )
        if (given.get("begins") is None) != (given.get("ends") is None):
            missing = "begins" if given.get("begins") is None else "ends"
            self.add_error(missing, _("Give both times, or neither."))
        return cleaned


class TeamForm(KeptForm):
    class Meta:
        model = Team
        fields = ("name",)
        help_texts = {"name": _("Such as “Sales” or “On duty at night”.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["is_gone"].label = _("no longer needed")
        self.fields["is_gone"].help_text = _("Where it is named, nobody is rung.")


class MemberForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    def has_changed(self) -> bool:
        """A new row in which only the place was filled in is none."""
        changed = set(self.changed_data)
        return bool(changed if self.instance.pk else changed - {"place"})


class Members(BaseInlineFormSet):  # type: ignore[type-arg]  # generic only in the stubs
    """At least one colleague is in a group; who is new is rung after the others."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if form.instance.pk is None and "place" in form.fields:
            places = [member.place for member in self.get_queryset()]
            form.fields["place"].initial = max(places, default=0) + 1

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = [each.cleaned_data for each in self.forms if each.cleaned_data]
        if not any(not each.get("DELETE") for each in kept):
            raise ValidationError(_("Choose at least one colleague: a group of nobody rings none."))
