"""What an S3 storage answers, as sentences for people who can do something about it."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
    SSLError,
)
from django.utils.translation import gettext_noop as _

from recordings.outside import NOWHERE
from veyra.sentences import Sentence

NO_BUCKET = _(
    "The storage has no bucket named “%(bucket)s”. Make it on the storage's own page, or correct "
    "the name."
)
NO_KEY = _("The storage does not know this access key. Copy it once more from the storage's page.")
WRONG_SECRET = _(
    "The secret key does not belong to the access key. Copy both once more from the storage's page."
)
CLOCK = _(
    "The clock of this server and the storage's differ too much. Have the clock of the server set "
    "by the network (NTP)."
)
MAY_NOT = {
    "write": _("This access key may not write in “%(bucket)s”. Give it the right to (PutObject)."),
    "read": _("This access key may not read in “%(bucket)s”. Give it the right to (GetObject)."),
    "delete": _(
        "This access key may not delete in “%(bucket)s”, so nothing could ever be removed from "
        "there. Give it the right to (DeleteObject)."
    ),
    "list": _(
        "This access key may not see what lies in “%(bucket)s”. Give it the right to (ListBucket)."
    ),
    "purge": _(
        "“%(bucket)s” keeps old versions of files, and this access key may not delete those, so "
        "nothing is ever gone from there. Give it the rights to (ListBucketVersions, "
        "DeleteObjectVersion)."
    ),
}
REGION = _("“%(bucket)s” lies in another region. Write its region, as the storage's page names it.")
FULL = _("The storage takes no more: its limit is reached. Raise it, or choose another storage.")
BUSY = _("The storage is busy or being repaired. It is tried again by itself.")
NO_ANSWER = _(
    "Nobody answers at the storage's address. Look whether it is right, and whether this server "
    "may connect to it."
)
BROKE_OFF = _("The connection to the storage broke off. It is tried again by itself.")
CERTIFICATE = _(
    "The certificate of the storage's address is not trusted. Look whether the address is right "
    "and its certificate is still good."
)
NO_NAME = _("“%(bucket)s” cannot be the name of a bucket. Copy it from the storage's page.")
NO_ADDRESS = _("The storage's address is none. It looks like https://storage.yandexcloud.net.")
OTHER = _("The storage refused, and gave the reason %(code)s. Show this to the engineer.")

CODES = {
    "NoSuchBucket": NO_BUCKET,
    "InvalidAccessKeyId": NO_KEY,
    "SignatureDoesNotMatch": WRONG_SECRET,
    "RequestTimeTooSkewed": CLOCK,
    "RequestExpired": CLOCK,
    "InvalidBucketName": NO_NAME,
    **dict.fromkeys(
        (
            *("PermanentRedirect", "AuthorizationHeaderMalformed", "301"),
            *("IllegalLocationConstraintException", "TemporaryRedirect"),
        ),
        REGION,
    ),
    **dict.fromkeys(("QuotaExceeded", "XMinioStorageFull", "EntityTooLarge"), FULL),
    **dict.fromkeys(
        (
            *("SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout"),
            *("TooManyRequests", "429", "500", "502", "503", "504"),
        ),
        BUSY,
    ),
}
FORBIDDEN = {"AccessDenied", "AllAccessDisabled", "AccountProblem", "403", "Forbidden"}


class Nowhere(BotoCoreError):  # type: ignore[misc]  # botocore ships no types
    """No storage can stand where its address leads. Raised with host=…"""

    fmt = "nothing stands at {host}"


def sentence_of(error: Exception, bucket: str, doing: str) -> Sentence:
    """`doing`: write, read, delete, list or purge."""
    if isinstance(error, ClientError):
        return _refused(error.response.get("Error", {}).get("Code", ""), bucket, doing)
    if isinstance(error, ParamValidationError):
        return Sentence(NO_NAME, {"bucket": bucket})
    if isinstance(error, Nowhere):
        return Sentence(NOWHERE, error.kwargs)
    if isinstance(error, SSLError):
        return Sentence(CERTIFICATE)
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError):
        return Sentence(NO_ANSWER)
    if isinstance(error, ConnectionClosedError | ReadTimeoutError):
        return Sentence(BROKE_OFF)
    if isinstance(error, ValueError):
        return Sentence(NO_ADDRESS)
    # What the library has more of are reads that broke off.
    return Sentence(BROKE_OFF)


def _refused(code: str, bucket: str, doing: str) -> Sentence:
    if code in FORBIDDEN:
        return Sentence(MAY_NOT[doing], {"bucket": bucket})
    return Sentence(CODES.get(code, OTHER), {"bucket": bucket, "code": code})
