# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Matchers: which alerts a silence is for, in the text form that Alertmanager and amtool have. Pure.

Source: https://prometheus.io/docs/alerting/latest/configuration/#matcher, and the behaviour of Alertmanager 0.25.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_MATCHER = re.compile(
    rf'\s*(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*|{_QUOTED})\s*(?P<operator>=~|!~|!=|=)\s*(?P<value>{_QUOTED}|[^",]*)\s*(?:,|$)',
    re.DOTALL,
)
_PLAIN_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_ESCAPED = re.compile(r'\\(["n\\])')

_UNHEARD_OF = "\N{MIDDLE DOT} a value that no label has \N{MIDDLE DOT}"


@dataclass(frozen=True)
class Matcher:
    """A condition on one label: ``equal`` False turns it round."""

    name: str
    value: str
    regex: bool = False
    equal: bool = True

    def __str__(self) -> str:
        operator = ("=~" if self.regex else "=") if self.equal else ("!~" if self.regex else "!=")
        name = self.name if _PLAIN_NAME.fullmatch(self.name) else _quoted(self.name)
        return f"{name}{operator}{_quoted(self.value)}"

    def body(self) -> dict[str, Any]:
        """Return the matcher as the API has it."""
        return {"name": self.name, "value": self.value, "isRegex": self.regex, "isEqual": self.equal}

    def matches(self, text: str) -> bool:
        """Whether a label of this value fits. A regular expression that only Alertmanager can read fits nothing."""
        return (self._fits(text) is self.equal) if self._readable else False

    @property
    def chooses(self) -> bool:
        """Whether it says which alerts are meant: not one that fits whatever its label is, or anything but a value."""
        return self.equal and not self.matches("") and not self.matches(_UNHEARD_OF)

    @property
    def _readable(self) -> bool:
        return not self.regex or _compiled(self.value) is not None

    def _fits(self, text: str) -> bool:
        expression = _compiled(self.value) if self.regex else None
        return bool(expression.fullmatch(text)) if expression else text == self.value


Matchers = tuple[Matcher, ...]


def parse_matchers(texts: Iterable[str]) -> Matchers:
    """Return the matchers that these texts name, each one or several of them: ``instance="dev01",job=~"win.*"``.

    Raises ``Invalid`` for what is no matcher, and for matchers that do not say which alerts are meant.
    """
    text = ",".join(texts).strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1].strip()
    found: list[Matcher] = []
    position = 0
    while position < len(text):
        match = _MATCHER.match(text, position)
        if match is None:
            raise Invalid(
                "matchers",
                f'"{text[position:].strip()}" is not a matcher',
                'Use label="value", or =~ with a regular expression, != or !~. Put a value with a comma in quotation '
                'marks, like label="a, b"',
            )
        found.append(
            Matcher(
                _plain(match["name"]),
                _plain(match["value"]),
                regex=match["operator"].endswith("~"),
                equal=match["operator"].startswith("="),
            )
        )
        position = match.end()
    _check(found)
    return tuple(dict.fromkeys(found))


def matcher_from(data: Mapping[str, Any]) -> Matcher:
    """Return the matcher that the API describes. Raises KeyError or TypeError for anything else."""
    return Matcher(str(data["name"]), str(data["value"]), bool(data["isRegex"]), bool(data.get("isEqual", True)))


def covers(wider: Iterable[Matcher], matchers: Matchers) -> bool:
    """Whether every alert that fits ``matchers`` certainly fits ``wider`` too."""
    values = {matcher.name: matcher.value for matcher in matchers if matcher.equal and not matcher.regex}
    return all(
        matcher in matchers or (matcher.name in values and matcher.matches(values[matcher.name])) for matcher in wider
    )


def _check(matchers: list[Matcher]) -> None:
    if not any(matcher.chooses for matcher in matchers):
        said = f'"{", ".join(map(str, matchers))}" fits every alert, or every one but a few' if matchers else "empty"
        raise Invalid(
            "matchers",
            said,
            'Say which alerts are meant with at least one matcher like instance="dev01", that does not fit every text',
        )


def _compiled(expression: str) -> re.Pattern[str] | None:
    """Return the expression, None if it is none to Python; Alertmanager has another dialect, RE2, and judges itself."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(expression, re.DOTALL)
    except (re.error, RecursionError, OverflowError):
        return None


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _plain(text: str) -> str:
    """Take quotation marks off; a backslash that escapes nothing stands for itself, as in a regular expression."""
    text = text[1:-1] if text.startswith('"') else text.strip()
    return _ESCAPED.sub(lambda match: "\n" if match[1] == "n" else match[1], text)
