"""How rows of the line look to other programs, and what they may write of them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agentworker.recording import RecordingPolicy
from telephony import people_choice
from telephony.line import lines
from telephony.models import DispatchRule, PhoneNumber, RoomKind, Spelling, Trunk
from telephony.outbound import DialSpelling, Transport
from telephony.registration import RegisterTransport
from telephony.standing import Row, Standing, worst_of
from veyra.rest.filters import LARGEST
from veyra.rest.given import Given

TEXTS = serializers.ListField(child=serializers.CharField())


class Ref(serializers.IntegerField):
    """The id of another row."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": LARGEST} | options)


class WishIn(Given):
    """What is written of a row."""

    revision = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The row's, as you read it: if somebody saved it since, nothing is overwritten.",
    )


class PublishedSerializer(serializers.Serializer[Row]):
    """How a saved row stands in LiveKit."""

    state = serializers.CharField(
        help_text="live, waiting, failed, differs; off where it is not in use."
    )
    sentence = serializers.CharField()
    synced_at = serializers.DateTimeField(allow_null=True)


class Published(serializers.ModelSerializer[Any]):
    """A row that is published."""

    published = serializers.SerializerMethodField(help_text="How it stands in LiveKit.")

    @extend_schema_field(PublishedSerializer)
    def get_published(self, row: Row) -> dict[str, Any]:
        found = worst_of(row)
        state = found.state if found else "waiting"
        return {
            "state": state if row.is_active else "off",
            "sentence": str(Standing.of(row)),
            "synced_at": found.synced_at if found else None,
        }


class NumberOut(Published):
    class Meta:
        model = PhoneNumber
        fields = ["id", "number", "label", "trunk", "reserve", "is_active", "revision", "published"]


class NumberIn(WishIn):
    number = serializers.CharField(max_length=40, help_text="In any spelling.")
    label = serializers.CharField(  # type: ignore[assignment]  # Field has a label of its own
        max_length=100, required=False, allow_blank=True
    )
    trunk = Ref(help_text="The connection that it arrives by.")
    reserve = Ref(required=False, allow_null=True)
    is_active = serializers.BooleanField(required=False)


class TrunkOut(Published):
    addresses = serializers.SerializerMethodField()
    has_password = serializers.SerializerMethodField()
    has_register_password = serializers.SerializerMethodField()
    has_out_password = serializers.SerializerMethodField()

    class Meta:
        model = Trunk
        fields = [
            *("id", "name", "provider", "addresses", "username", "has_password", "spelling"),
            *("register_at", "register_login", "has_register_password", "register_transport"),
            *("out_address", "out_username", "has_out_password", "out_transport", "out_spelling"),
            *("out_at_once", "out_minutes", "is_active", "revision", "published"),
        ]

    @extend_schema_field(TEXTS)
    def get_addresses(self, row: Trunk) -> list[str]:
        return list(lines(row.addresses))

    # The column itself: nobody opens a secret to see that there is one.
    def get_has_password(self, row: Trunk) -> bool:
        return bool(row.__dict__.get("password"))

    def get_has_register_password(self, row: Trunk) -> bool:
        return bool(row.__dict__.get("register_password"))

    def get_has_out_password(self, row: Trunk) -> bool:
        return bool(row.__dict__.get("out_password"))


def secret(about: str) -> serializers.CharField:
    return serializers.CharField(
        required=False,
        allow_blank=True,
        write_only=True,
        trim_whitespace=False,
        max_length=200,
        help_text=about,
    )


def text(length: int, **options: Any) -> serializers.CharField:
    return serializers.CharField(max_length=length, required=False, allow_blank=True, **options)


class TrunkIn(WishIn):
    name = serializers.CharField(max_length=100)
    provider = text(40)
    addresses = serializers.ListField(
        child=serializers.CharField(max_length=253),
        required=False,
        max_length=500,
        help_text="What the provider's calls come from: addresses, networks or names.",
    )
    username = text(100, help_text="Empty: the login that the provider's calls show goes.")
    password = secret("Left out, the stored one stays. It is never read.")
    spelling = serializers.ChoiceField(Spelling.choices, required=False)
    register_at = text(200, help_text="The server that we sign in at; empty: we do not.")
    register_login = text(100)
    register_password = secret("Ours at the provider that we sign in at.")
    register_transport = serializers.ChoiceField(RegisterTransport.choices, required=False)
    out_address = text(200, help_text="The provider's server for calls out; empty: none.")
    out_username = text(100)
    out_password = secret("Ours for calls out.")
    out_transport = serializers.ChoiceField(Transport.choices, required=False)
    out_spelling = serializers.ChoiceField(DialSpelling.choices, required=False)
    out_at_once = serializers.IntegerField(min_value=0, max_value=32767, required=False)
    out_minutes = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False)
    is_active = serializers.BooleanField(required=False)


class RuleOut(Published):
    callers = serializers.SerializerMethodField()
    has_pin = serializers.SerializerMethodField()
    first = serializers.SerializerMethodField(help_text="Who is rung before the assistant.")
    fallback = serializers.SerializerMethodField(help_text="Who is rung where none can answer.")

    class Meta:
        model = DispatchRule
        fields = [
            *("id", "name", "agent", "numbers", "trunks", "callers", "has_pin", "first"),
            *("fallback", "apology", "recording", "kind", "room", "is_active", "revision"),
            "published",
        ]

    @extend_schema_field(TEXTS)
    def get_callers(self, row: DispatchRule) -> list[str]:
        return list(lines(row.callers))

    def get_has_pin(self, row: DispatchRule) -> bool:
        return bool(row.pin)

    def get_first(self, row: DispatchRule) -> str:
        return people_choice.named(row.first_colleague, row.first_team)

    def get_fallback(self, row: DispatchRule) -> str:
        return people_choice.named(row.fallback_colleague, row.fallback_team)


class RuleIn(WishIn):
    name = serializers.CharField(max_length=100)
    agent = Ref()
    numbers = serializers.ListField(child=Ref(), required=False, max_length=10_000)
    trunks = serializers.ListField(child=Ref(), required=False, max_length=1000)
    callers = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, max_length=1000
    )
    pin = secret("What a caller types before anybody answers. It is never read.")
    first = text(60, help_text="colleague:<key> or team:<key>; empty: nobody.")
    fallback = text(60, help_text="Likewise.")
    apology = text(300)
    recording = serializers.ChoiceField(
        [("", "as the assistant says"), *RecordingPolicy.choices], required=False
    )
    kind = serializers.ChoiceField(RoomKind.choices, required=False)
    room = serializers.CharField(max_length=100, required=False)
    is_active = serializers.BooleanField(required=False)
