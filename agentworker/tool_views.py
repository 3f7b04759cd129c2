"""An address that an assistant is to ask is tried before callers depend on it."""

from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agentworker.keys import ProviderKey
from agentworker.parts.tool_forms import Directory, HttpForm
from agentworker.parts.tools import ENGINEERS
from agentworker.providers.catalog import Access
from agentworker.tools.errand import ErrandError
from agentworker.tools.http import ask, told_of
from veyra.doors import staff_page
from veyra.models import User
from veyra.pace import Pace
from veyra.secrets import SecretError

pace = Pace(20, 60)
TOO_MANY_REQUESTS = 429
LONGEST_SHOWN = 500


@require_POST
@staff_page("agentworker.change_agent", ENGINEERS)
def try_tool(request: HttpRequest, user: User) -> HttpResponse:
    """{"ok": …, "told": a sentence, and what the assistant would read}"""
    if not pace.allows(str(user.pk)):
        said = _("That was often. Wait a minute, then try again.")
        return JsonResponse({"ok": False, "told": said}, status=TOO_MANY_REQUESTS)
    form = HttpForm(request.POST, prefix="tool", directory=Directory())
    if not form.is_valid():
        said = _("Something is not as it should be above: %(what)s") % {"what": _errors(form)}
        return JsonResponse({"ok": False, "told": said}, status=400)
    return JsonResponse(_tried(form, _example(request.POST.get("example", "")), user))


def _tried(form: HttpForm, example: dict[str, str], user: User) -> dict[str, object]:
    config = form.config()
    try:
        answer = async_to_sync(ask)(config, example, _access(config, user))
    except (ErrandError, SecretError) as error:
        sentence = getattr(error, "sentence", None)
        return {"ok": False, "told": str(sentence or _("The key cannot be read. Write it anew."))}
    language = "en" if (get_language() or "").startswith("en") else "ru"
    read = told_of(config, answer.text, language)[:LONGEST_SHOWN]
    said = _("Works, %(ms)s ms. The assistant reads:") % {"ms": answer.ms}
    return {"ok": True, "told": f"{said}\n{read}"}


def _access(config: dict[str, object], user: User) -> Access | None:
    """Raises SecretError."""
    row = ProviderKey.objects.visible_to(user).named({str(config.get("key") or "")}).first()
    return row.access if row else None


def _errors(form: HttpForm) -> str:
    return " ".join(str(error) for errors in form.errors.values() for error in errors)


def _example(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines())
    return {left.strip(): right.strip() for left, equals, right in pairs if equals}
