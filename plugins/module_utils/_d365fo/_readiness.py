# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Whether the AOS is ready again: a cluster is asked for all its instances, anything else for its address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._aos import Aos
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._cluster import Cluster, out_of_reach
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure


@dataclass(frozen=True)
class Before:
    """What was seen before a restart. ``objection`` says why it could not be seen after it."""

    objection: str = ""
    instances: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass
class Readiness:
    """Asks ``cluster`` where there is one that can be reached, else ``aos``; None and None: nothing can be asked."""

    cluster: Cluster | None = None
    aos: Aos | None = None
    tell: Callable[[str], None] = lambda line: None

    @property
    def what(self) -> str:
        """What is waited for, "" for nothing."""
        system = self.cluster or self.aos
        return system.describe() if system else ""

    def before(self) -> Before:
        """Look whether it can be asked, while everything still runs."""
        if self.cluster:
            try:
                view = self.cluster.read()
                return Before("", tuple(each.identity for each in view.instances), tuple(view.missing()))
            except Failure as failure:
                if not (out_of_reach(failure) and self.aos):
                    return Before(str(failure))
                self.tell(f"{failure} Asking {self.aos.url} instead, which shows one AOS, not all of them")
                self.cluster = None
        return Before(self.aos.objection() if self.aos else "")

    def pending(self, former: Sequence[str]) -> Sequence[str]:
        """Return what is still to be waited for; ``former`` are ids of instances that are to be gone."""
        if self.cluster:
            return self.cluster.pending(former)
        return self.aos.pending() if self.aos else []
