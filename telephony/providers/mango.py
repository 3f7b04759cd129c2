"""Mango Office: a trunk by IP address, or a login."""

from django.utils.translation import gettext_noop as _

from telephony.providers.preset import Fact, Inbound, Preset, SignIn

MIKOPBX = _("github.com/mikopbx (Mango guide, which cites docs.mango-office.ru)")
PROJECT = _("a public repository that connects Mango to LiveKit")

MANGO = Preset(
    slug="mango",
    name="Mango Office",
    about=_("Russian provider. Calls come by a paid trunk, or we sign in with a login."),
    inbound=Inbound.TRUNK,
    networks=(Fact("81.88.86.0/24", MIKOPBX), Fact("81.88.82.245/32", MIKOPBX)),
    transport=Fact("udp", MIKOPBX),
    spelling_in=Fact("digits", PROJECT),
    did=Fact("to", MIKOPBX),
    # vpbx<id>.mangosip.ru: the id is the account's own.
    outbound_host=Fact(".mangosip.ru", MIKOPBX),
    steps=(
        _("Order the SIP trunk by IP address from Mango Office: it is a paid service."),
        _("Give them our address, %(address)s, and say that calls come without registration."),
        _("Point your numbers to this trunk in the Mango account."),
    ),
    notes=(
        _(
            "Mango may write the called number as 8… or 7…. Make a call from this page to see"
            " which it is."
        ),
    ),
    sign_in=SignIn(
        # vpbx<id>.mangosip.ru, likewise.
        host=Fact(".mangosip.ru", MIKOPBX),
        transport=Fact("udp", MIKOPBX),
        number_in=Fact("to", MIKOPBX),
        steps=(
            _(
                "In the Mango Office account add a SIP account to a member of staff who is the"
                " assistant alone."
            ),
            _(
                "It is shown as login@vpbx….mangosip.ru: copy it whole into “Login”, and its"
                " password below."
            ),
            _("Have calls of your number go to this member of staff."),
        ),
    ),
    target="%(address)s",
    doc_url="https://docs.mango-office.ru",
)
