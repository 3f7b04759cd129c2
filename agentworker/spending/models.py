"""How much a day of conversations may cost."""

from decimal import Decimal
from typing import Any

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from agentworker.spending.rates import Spent
from veyra.querysets import VisibleQuerySet

CENT = Decimal("0.01")
# Until staff type another one.
ROUBLES_A_DOLLAR = Decimal(90)


class Budget(models.Model):
    """The only row, or none."""

    class Currency(models.TextChoices):
        ROUBLE = "RUB", _("rubles")
        DOLLAR = "USD", _("dollars")

    class Then(models.TextChoices):
        """What callers meet when a day's money is spent."""

        GO_ON = "go_on", _("Everything goes on, and you are told")
        MENU = (
            "menu",
            _("The assistant goes on without providers: its menu, in the voice of this server"),
        )
        PEOPLE = "people", _("One of us is rung")
        MESSAGE = "message", _("Callers hear a message, and the call ends")

    amount = models.DecimalField(
        _("How much may a day cost?"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(CENT)],
        help_text=_("Empty: as much as it does."),
    )
    currency = models.CharField(
        _("Currency"), max_length=3, choices=Currency.choices, default=Currency.ROUBLE
    )
    roubles_a_dollar = models.DecimalField(
        _("Rubles for a dollar"),
        max_digits=8,
        decimal_places=2,
        default=ROUBLES_A_DOLLAR,
        validators=[MinValueValidator(CENT)],
        help_text=_(
            "Some providers ask for rubles, others for dollars; by this they are added up."
        ),
    )
    then = models.CharField(
        _("And when it is spent?"), max_length=7, choices=Then.choices, default=Then.GO_ON
    )
    message = models.TextField(
        _("The message"),
        max_length=1000,
        blank=True,
        help_text=_("Such as: “We cannot take your call now. Please call tomorrow.”"),
    )

    objects = VisibleQuerySet["Budget"].as_manager()

    class Meta:
        verbose_name = _("budget of a day")
        verbose_name_plural = _("budget of a day")

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)

    @property
    def sign(self) -> str:
        return "₽" if self.currency == self.Currency.ROUBLE else "$"

    def total(self, spent: Spent) -> float:
        """All of it in the currency of the budget."""
        rate = float(self.roubles_a_dollar)
        if self.currency == self.Currency.ROUBLE:
            return spent.roubles + spent.dollars * rate
        return spent.dollars + spent.roubles / rate

    def percent(self, spent: Spent) -> int | None:
        """How much of it is spent; None: there is no limit."""
        if not self.amount:
            return None
        return int(100 * self.total(spent) / float(self.amount))
