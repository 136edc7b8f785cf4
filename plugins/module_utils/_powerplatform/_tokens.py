# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Access tokens: where they come from, and one for each resource in a run, renewed when it is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure

_MARGIN = 120.0
"""A token that ends so soon is renewed before it is used, in seconds."""


@dataclass(frozen=True)
class Token:
    """An access token and how many seconds it is good for from now on, None where nobody said."""

    value: str = field(repr=False)
    seconds: float | None = None


class Source(Protocol):
    """What gives tokens. ``renewable`` says whether asking again can bring another one."""

    @property
    def renewable(self) -> bool: ...

    def token(self, resource: str) -> Token:
        """Return a token for a resource ("https://service.powerapps.com"). Raises ``Failure``."""


@dataclass
class Tokens:
    """The tokens of a run. ``now`` is a clock in seconds."""

    source: Source
    now: Callable[[], float]
    _kept: dict[str, tuple[Token, float]] = field(default_factory=dict, repr=False)
    _refused: dict[str, Failure] = field(default_factory=dict)

    def get(self, resource: str) -> str:
        """Return the token for a resource: the one that this run has, unless it is about to end.

        Raises ``Failure``, at once where this run was refused before: who asks again and again gets locked out.
        """
        if refused := self._refused.get(resource):
            raise refused
        if resource in self._kept:
            token, since = self._kept[resource]
            left = float("inf") if token.seconds is None else since + token.seconds - self.now()
            if left > _MARGIN or not self.source.renewable:
                return token.value
        return self._fetch(resource)

    def renew(self, resource: str) -> str | None:
        """Return a new token in place of one that was not taken, None where there is no other."""
        return self._fetch(resource) if self.source.renewable else None

    def _fetch(self, resource: str) -> str:
        try:
            token = self.source.token(resource)
        except Failure as failure:
            if not failure.unknown:
                self._refused[resource] = failure
            raise
        self._kept[resource] = (token, self.now())
        return token.value
