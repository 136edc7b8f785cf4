# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Which blackouts the server is asked for.

The list without a range holds the real events alone. The list with a range holds what starts or ends in it, so an
event that spans a narrow range is missing from it. Hence both are asked for, the range wide.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._blackout import (
    Blackout,
    Keys,
    parse_blackout,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._server import Server

Period = tuple[datetime, datetime]

# Longer than an event of any series can be: no two events of a monthly one overlap.
_REACH = timedelta(days=32)


def read_blackouts(server: Server, keys: Keys, *periods: Period) -> tuple[Blackout, ...]:
    """Return every real event, and those synthetic ones that overlap one of ``periods`` or lie near it.

    The real ones come first, and nothing twice.
    """
    entries = list(server.blackouts())
    for first, last in periods:
        entries += server.blackouts_between(_milliseconds(first, -_REACH), _milliseconds(last, _REACH))
    found: dict[tuple[str, datetime], Blackout] = {}
    for entry in entries:
        one = parse_blackout(entry, server.target, keys)
        found.setdefault((one.id, one.start), one)
    return tuple(sorted(found.values(), key=lambda one: one.synthetic))


def _milliseconds(moment: datetime, more: timedelta) -> int:
    with suppress(OverflowError):  # at the end of what a date can be, a narrower range has to do
        moment += more
    return round(moment.timestamp() * 1000)
