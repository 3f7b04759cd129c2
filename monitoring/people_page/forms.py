"""Forms of the people's page."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from agentworker.models import Place
from monitoring.people_page import words
from monitoring.people_page.models import Invite
from veyra.models import User


def role_choices() -> list[tuple[str, Any]]:
    return [(role, name) for role, (name, _what) in words.ROLES.items()]


class PlacesField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # generic only in the stubs
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            Place.objects.none(),
            label=_("Whose numbers and calls"),
            help_text=_("Nothing ticked: those of all places."),
            required=False,
            widget=forms.CheckboxSelectMultiple,
            **kwargs,
        )


class InviteForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    role = forms.ChoiceField(label=_("Role"), choices=role_choices)
    places = PlacesField()

    class Meta:
        model = Invite
        fields = ("name", "email", "role", "places")
        labels = {"email": _("Mail address, if a letter shall go there")}

    def __init__(self, *args: Any, places: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit_places(self, places)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=role_choices)
    places = PlacesField()

    def __init__(self, *args: Any, places: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit_places(self, places)


def limit_places(form: Any, places: Any) -> None:
    """A line with one place has nothing to choose."""
    form.fields["places"].queryset = places
    if places.count() < 2:
        del form.fields["places"]


class JoinForm(forms.Form):
    """What a guest chooses for himself."""

    username = forms.CharField(
        label=_("The name that you log in with"),
        max_length=150,
        validators=[User.username_validator],
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("The password once more"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_username(self) -> str:
        name = str(self.cleaned_data["username"])
        if User.objects.filter(username__iexact=name).exists():
            raise ValidationError(_("Somebody has this name already. Take another one."))
        return name

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        password = given.get("password")
        if password and password != given.get("again"):
            self.add_error("again", _("The two passwords are different."))
        elif password:
            self._check(password, str(given.get("username", "")))
        return given

    def _check(self, password: str, username: str) -> None:
        try:
            validate_password(password, User(username=username))
        except ValidationError as error:
            self.add_error("password", error)
