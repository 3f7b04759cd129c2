"""Is there a mail server, and does it take letters?"""

import smtplib

from django.conf import settings
from django.core.mail import send_mail
from django.utils.translation import gettext as _

CONSOLE = "django.core.mail.backends.console.EmailBackend"


def is_possible() -> bool:
    """Without a server letters would only be written to the log."""
    return bool(settings.EMAIL_BACKEND != CONSOLE)


def try_it(address: str) -> tuple[bool, str]:
    """A trial letter: whether the server took it, and that as a sentence. Blocks for seconds."""
    if not is_possible():
        return False, _("There is no mail server. The engineer sets EMAIL_URL in the file .env.")
    text = _("This is a trial letter of Veyra. If you can read it, letters arrive.")
    return send(address, _("Veyra: trial letter"), text)


def send(address: str, subject: str, text: str) -> tuple[bool, str]:
    """Likewise for any letter."""
    try:
        send_mail(subject, text, None, [address])
    except smtplib.SMTPAuthenticationError:
        return False, _("The mail server refuses our login. Correct the password in EMAIL_URL.")
    except smtplib.SMTPException:
        return False, _("The mail server did not take the letter. Its log says why.")
    except (OSError, ValueError):
        return False, _(
            "The mail server cannot be reached. Correct the host and the port in EMAIL_URL."
        )
    return True, _("The mail server took the letter to %(address)s. Look into the mailbox.") % {
        "address": address
    }
