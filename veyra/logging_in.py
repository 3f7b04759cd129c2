"""The form of the login: a wrong password is counted, and told where there are many."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from unfold.forms import AuthenticationForm

from veyra.models import FailedLogin, User


class LoginForm(AuthenticationForm):  # type: ignore[misc]  # unfold ships no types
    def clean(self) -> dict[str, Any]:
        try:
            return super().clean()  # type: ignore[no-any-return]  # likewise
        except ValidationError:
            self._note()
            raise

    def _note(self) -> None:
        name = self.cleaned_data.get("username", "")
        account = User.objects.filter(username=name).first() if name else None
        address = self.request.META.get("REMOTE_ADDR", "") if self.request else ""
        FailedLogin.note(address, account, timezone.now())
