"""The door by which a colleague says that he is here, or away."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from telephony.models import Colleague
from veyra.doors import staff_page
from veyra.models import User


@require_POST
@staff_page()
def away(request: HttpRequest, user: User) -> HttpResponse:
    """`away`: "1" or "". Back to the page where he said so; who is no colleague changes nothing."""
    Colleague.objects.visible_to(user).say(user, away=request.POST.get("away") == "1")
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    return redirect(back if safe else "admin:index")
