"""What deploy/ says to Prometheus and Grafana."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).resolve().parent.parent.parent / "deploy"
RULES = yaml.safe_load((DEPLOY / "prometheus/rules.yml").read_text())
# Words of a query that are no metric: its functions, operators and what stands behind `by`.
STRINGS = re.compile(r'"[^"]*"')
MATCHERS = re.compile(r"\{[^}]*\}")
GROUPING = re.compile(r"\b(by|without|on|ignoring)\s*\([^)]*\)")
NAMES = re.compile(r"(?<![\w:.])([a-z_:][a-z0-9_:]*)\b(?!\s*\()", re.IGNORECASE)
WORDS = {"and", "or", "unless", "offset", "bool", "by", "without", "on", "ignoring"}
SPANS = re.compile(r"\[[^\]]*\]|\boffset\s+\w+")
# Prometheus makes it itself, of every target.
OWN = {"up"}


def alerts() -> list[dict[str, Any]]:
    return [rule for group in RULES["groups"] for rule in group["rules"]]


def dashboards() -> dict[str, dict[str, Any]]:
    files = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))
    return {file.stem: json.loads(file.read_text()) for file in files}


def expressions() -> Iterator[str]:
    """Every query of every alert and panel."""
    yield from (rule["expr"] for rule in alerts())
    for board in dashboards().values():
        for panel in board["panels"]:
            yield from (target["expr"] for target in panel["targets"])


def metrics(expression: str) -> set[str]:
    """Names of the metrics that a query reads."""
    bare = SPANS.sub("", MATCHERS.sub("", STRINGS.sub("", expression)))
    bare = GROUPING.sub("", bare)
    return {name for name in NAMES.findall(bare) if name not in WORDS} - OWN


def used() -> set[str]:
    return {name for expression in expressions() for name in metrics(expression)}


def sums(text: str) -> dict[str, float]:
    """Of what a program told: each metric's samples together, by the name that Prometheus keeps.

    prometheus_client's own parser would give a counter the ending that the format wants.
    """
    found: dict[str, float] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name = re.split(r"[{ ]", line, maxsplit=1)[0]
            found[name] = found.get(name, 0.0) + float(line.rsplit(" ", 1)[1])
    return found
