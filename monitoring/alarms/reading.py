"""What others ask about the channels: the health check, pages."""

from collections.abc import Iterable

from monitoring.alarms.models import AlertChannel, Delivery, DeliveryQuerySet


def kinds(channels: Iterable[AlertChannel] | None = None) -> list[str]:
    """Kinds by which what is critical gets through now, in the reader's language. Without an
    argument of all channels, by one query.
    """
    found = AlertChannel.objects.usable() if channels is None else channels
    works = [each for each in found if each.is_on and each.is_ready and not each.failing_since]
    return sorted({str(each.get_kind_display()) for each in works})


def failing() -> list[str]:
    """Names of channels in use that do not work."""
    rows = AlertChannel.objects.usable().exclude(failing_since=None)
    return list(rows.order_by("name").values_list("name", flat=True))


def newest_trials(
    deliveries: DeliveryQuerySet, channels: Iterable[AlertChannel]
) -> dict[int, Delivery]:
    """By channel, the newest message of any kind."""
    found: dict[int, Delivery] = {}
    for delivery in deliveries.newest_of(list(channels)):
        found.setdefault(delivery.channel_id or 0, delivery)
    return found
