"""Pages of one's own login, beside those of allauth."""

from allauth.account import views as account
from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from veyra.accounts import mail, second_factor, sessions
from veyra.accounts.forms import AddressForm
from veyra.doors import staff_page
from veyra.models import User
from veyra.people import wanted_page


def login(request: HttpRequest) -> HttpResponseBase:
    """allauth sends whoever is logged in to the desk, and the desk sends who is no staff here."""
    user = request.user
    if isinstance(user, User) and not user.is_staff:
        raise PermissionDenied
    answer: HttpResponseBase = account.login(request)
    return answer


@staff_page()
def password_change(request: HttpRequest, user: User) -> HttpResponse:
    """Where Django's admin would have it."""
    return redirect("account_change_password")


@never_cache
def forgotten(request: HttpRequest) -> HttpResponseBase:
    """By letter where letters are sent; otherwise whom to ask for a link."""
    if not mail.is_possible():
        return render(request, "account/no_mail.html", {"title": _("Forgot the password?")})
    answer: HttpResponseBase = account.password_reset(request)
    return answer


@never_cache
@staff_page()
def mine(request: HttpRequest, user: User) -> HttpResponse:
    """Password, second factor, and where one is logged in."""
    factors = second_factor.all_of(user)
    kinds = Authenticator.Type
    context = {
        "title": _("My login"),
        "app": next((one for one in factors if one.type == kinds.TOTP), None),
        "keys": [one for one in factors if one.type == kinds.WEBAUTHN],
        "codes": next((one.wrap() for one in factors if one.type == kinds.RECOVERY_CODES), None),
        "is_needed": second_factor.is_needed_by(user),
        "sessions": sessions.places(user, request.session.session_key),
    }
    return render(request, "account/mine.html", context)


@never_cache
@staff_page()
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth ships no types
def address(request: HttpRequest, user: User) -> HttpResponse:
    """Where the letter goes with which a forgotten password is made anew."""
    form = AddressForm(request.POST or None, initial={"email": user.email})
    if request.method == "POST" and form.is_valid():
        form.save(user)
        messages.success(request, _("Saved."))
        return redirect("account")
    return render(request, "account/address.html", {"form": form})


@never_cache
@staff_page()
def offer(request: HttpRequest, user: User) -> HttpResponse:
    """The step of the first login at which one chooses a second factor, or puts it off."""
    wanted = wanted_page(request, request.GET.get("next", ""))
    if second_factor.factors_of(user).exists():
        return redirect(wanted)
    is_needed = second_factor.is_needed_by(user)
    days = second_factor.days_left(user, timezone.now())
    context = {
        "title": _("Protect your login"),
        "is_needed": is_needed,
        "days": days,
        "later": wanted if days or not is_needed else "",
    }
    return render(request, "account/second_factor.html", context)


@require_POST
@staff_page()
def end_session(request: HttpRequest, user: User, pk: int) -> HttpResponse:
    """One of his own; the one that he sits in is ended by logging out."""
    return _ended(request, sessions.end_one(user, request.session.session_key, pk))


@require_POST
@staff_page()
def end_others(request: HttpRequest, user: User) -> HttpResponse:
    """All of his own but this one."""
    return _ended(request, sessions.end(sessions.others_of(user, request.session.session_key)))


def _ended(request: HttpRequest, count: int) -> HttpResponse:
    text = ngettext("%(count)d login was ended.", "%(count)d logins were ended.", count)
    messages.success(request, text % {"count": count})
    return redirect("account")
