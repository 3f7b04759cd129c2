"""What an assistant may do: the list of its tools, each with its own fields."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from agentworker.content import Content
from agentworker.parts import Part
from agentworker.parts.tool_forms import FORMS, Directory, ToolForm
from agentworker.services import Words
from agentworker.tools import KINDS
from agentworker.tools.written import named

# Who may say which addresses are asked.
ENGINEERS = "agentworker.change_providerkey"
NEEDS_ENGINEER = frozenset({"http"})
MOST = 20
NUMBER = re.compile(r"[0-9]{1,4}")
SOMETHING_WRONG = _("Something is not as it should be in what it may do. Look at what is red.")


@dataclass(frozen=True)
class Row:
    """A tool on the page. `form` is None where this person may not change it, or there is none."""

    index: str
    kind: str
    name: str
    form: ToolForm | None
    kept: Mapping[str, Any] | None = None

    @property
    def label(self) -> Any:
        kind = KINDS.get(self.kind)
        return kind.label if kind else self.kind

    @property
    def help(self) -> Any:
        kind = KINDS.get(self.kind)
        return kind.help if kind else ""

    @property
    def called(self) -> str:
        return str((self.kept or {}).get("label") or "")


class ToolsPart(Part):
    name = "tools"
    section = "may"
    template = "agentworker/parts/tools.html"
    # Whom calls can be given to: known where the line is.
    directory: ClassVar[Directory] = Directory()

    @classmethod
    def initial_from(cls, content: Content | Words) -> dict[str, Any]:
        return {"tools": list(content.tools)}

    @cached_property
    def written(self) -> Sequence[Mapping[str, Any]]:
        """As it was saved."""
        return [*self.initial.get("tools", ())]

    @cached_property
    def rows(self) -> list[Row]:
        return list(self._from_page() if self.is_bound else self._from_written())

    def _from_written(self) -> Iterable[Row]:
        for number, tool in enumerate(self.written):
            index, kind = str(number), str(tool["kind"])
            form = self._form(kind, index, tool=tool) if self._may_change(kind) else None
            yield Row(index, kind, str(tool["name"]), form, tool)

    def _from_page(self) -> Iterable[Row]:
        count = str(self.data.get(f"{self.prefix}-count", "0"))
        for number in range(min(int(count), MOST) if NUMBER.fullmatch(count) else 0):
            told = f"{self.prefix}-{number}"
            kind, name = (str(self.data.get(f"{told}-{what}", "")) for what in ("kind", "name"))
            if not kind or self.data.get(f"{told}-gone"):
                continue
            kept = next((each for each in self.written if each["name"] == name), None)
            if self._may_change(kind):
                yield Row(str(number), kind, name, self._form(kind, str(number), data=self.data))
            elif kept is not None:
                yield Row(str(number), str(kept["kind"]), name, None, kept)

    def _form(self, kind: str, index: str, **values: Any) -> ToolForm:
        return FORMS[kind](prefix=f"{self.prefix}-{index}", directory=self.directory, **values)

    def _may_change(self, kind: str) -> bool:
        return kind in FORMS and (kind not in NEEDS_ENGINEER or self._is_engineer)

    @property
    def _is_engineer(self) -> bool:
        return self.user is not None and self.user.has_perm(ENGINEERS)

    def clean(self) -> dict[str, Any]:
        # Every one of them is looked at, so that all errors are shown at once.
        wrong = [row for row in self.rows if row.form and not row.form.is_valid()]
        if wrong:
            raise forms.ValidationError(SOMETHING_WRONG)
        return super().clean() or self.cleaned_data

    def into(self, words: Words) -> Words:
        return replace(words, tools=self.configs())

    def configs(self) -> list[dict[str, Any]]:
        """Of valid rows, in their order. A mind calls each by its name, which stays."""
        found: list[dict[str, Any]] = []
        known = {str(each["name"]) for each in self.written}
        for row in self.rows:
            if row.form is None:
                found.append(dict(row.kept or {}))
                continue
            config = row.form.config()
            taken = known | {str(each["name"]) for each in found}
            is_old = row.name in known and row.name not in {each["name"] for each in found}
            name = row.name if is_old else named(row.kind, row.form.called(), taken)
            found.append({"kind": row.kind, "name": name, **config})
        return found

    def has_changed(self) -> bool:
        return self.is_bound and self.is_valid() and self.configs() != list(self.written)

    @classmethod
    def told(cls, words: Words) -> Iterable[tuple[str, str]]:
        lines = [told_of(tool) for tool in words.tools]
        if lines:
            yield str(_("What it may do")), "\n".join(lines)

    def extra(self) -> dict[str, Any]:
        kinds = [kind for kind in FORMS if self._may_change(kind)]
        blank = [Row("__n__", kind, "", self._form(kind, "__n__")) for kind in kinds]
        return {"rows": self.rows, "blank": blank, "count": len(self.rows), "most": MOST}


def told_of(tool: Mapping[str, Any]) -> str:
    """A tool in a line, as people read it."""
    kind = KINDS.get(str(tool["kind"]))
    whom = str(tool.get("whom") or tool.get("label") or "")
    said = f"{kind.label if kind else tool['kind']}{f': {whom}' if whom else ''}"
    return f"{said}. {tool['when']}" if tool.get("when") else said
