"""What people fill in about incidents, rules and planned work."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.incidents.models import RuleSetting, Severity
from monitoring.incidents.rule import Rule
from monitoring.recovery.recover import REMEDIES
from veyra import audit
from veyra.models import User

SNOOZES = [
    (30, gettext_lazy("for half an hour")),
    (60, gettext_lazy("for an hour")),
    (240, gettext_lazy("for four hours")),
    (1440, gettext_lazy("for a day")),
]
LONGEST_SILENCE = timedelta(days=7)


class CommentForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Comment"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class SnoozeForm(forms.Form):
    minutes = forms.TypedChoiceField(label=gettext_lazy("Put it off"), choices=SNOOZES, coerce=int)


class AssignForm(forms.Form):
    to = forms.ModelChoiceField(
        label=gettext_lazy("Who deals with it"),
        queryset=User.objects.none(),
        empty_label=gettext_lazy("Choose a person"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        staff = User.objects.filter(is_active=True, is_staff=True).order_by("username")
        self.fields["to"].queryset = staff  # type: ignore[attr-defined]  # of ModelChoiceField


class SilenceForm(forms.Form):
    until = forms.DateTimeField(
        label=gettext_lazy("Until"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M"],
    )
    why = forms.CharField(label=gettext_lazy("What is being done"), max_length=300)

    def clean_until(self) -> datetime:
        until: datetime = self.cleaned_data["until"]
        now = timezone.now()
        if until <= now:
            raise ValidationError(_("Choose a moment that is still to come."))
        if until - now > LONGEST_SILENCE:
            raise ValidationError(_("Choose a moment within the next seven days."))
        return until


class RuleForm(forms.Form):
    """Its limits are fields of their own; an empty one is as the code says."""

    is_enabled = forms.BooleanField(label=gettext_lazy("This is watched"), required=False)
    severity = forms.TypedChoiceField(
        label=gettext_lazy("How grave it is"), choices=Severity.choices, coerce=int
    )
    damping = forms.IntegerField(
        label=gettext_lazy("Seconds for which it must be seen"),
        min_value=0,
        max_value=3600,
        help_text=gettext_lazy("With more seconds a short trouble wakes nobody."),
    )

    heals_itself = forms.BooleanField(
        label=gettext_lazy("Veyra may heal it by itself"),
        required=False,
        help_text=gettext_lazy(
            "If it is critical, the safe steps of its runbook are done at once."
        ),
    )

    def __init__(self, rule: Rule, setting: RuleSetting | None, data: Any = None) -> None:
        self.rule, self.setting = rule, setting
        super().__init__(data, initial=self._initial())
        if rule.slug not in REMEDIES:
            del self.fields["heals_itself"]
        for limit in rule.limits:
            self.fields[f"limit_{limit.name}"] = forms.FloatField(
                label=str(limit.title),
                help_text=str(limit.hint),
                min_value=limit.least,
                max_value=limit.most,
                initial=self._limit(limit.name, limit.default),
            )

    def _initial(self) -> dict[str, Any]:
        setting = self.setting
        damping = setting.damping if setting else None
        return {
            "is_enabled": setting is None or setting.is_enabled,
            "heals_itself": setting is None or setting.heals_itself,
            "severity": (setting and setting.severity) or self.rule.severity,
            "damping": self.rule.damping if damping is None else damping,
        }

    def _limit(self, name: str, default: float) -> str:
        """As people write it: without a fraction where there is none."""
        return f"{(self.setting.thresholds if self.setting else {}).get(name, default):g}"

    def save(self, by: User) -> None:
        """Only what differs from the code is kept."""
        given, rule = self.cleaned_data, self.rule
        limits = {limit.name: given[f"limit_{limit.name}"] for limit in rule.limits}
        usual = {limit.name: limit.default for limit in rule.limits}
        with audit.unseen():  # a row that says what the code says is no change
            RuleSetting.objects.get_or_create(rule=rule.slug)
        RuleSetting.objects.update_or_create(
            rule=rule.slug,
            defaults={
                "is_enabled": given["is_enabled"],
                "heals_itself": given.get("heals_itself", True),
                "severity": given["severity"] if given["severity"] != rule.severity else None,
                "damping": given["damping"] if given["damping"] != rule.damping else None,
                "thresholds": {
                    name: limits[name] for name in limits if limits[name] != usual[name]
                },
                "changed_by": by,
            },
        )
