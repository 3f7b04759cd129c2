"""What Django's own Russian formats get wrong: "21 Ноябрь" above lists."""

MONTH_DAY_FORMAT = "j E"
