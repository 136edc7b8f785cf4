# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``moment``: a time or a duration as people write it, made a time in UTC."""

from __future__ import annotations

DOCUMENTATION = r"""
name: moment
short_description: Make a time in UTC of a time or a duration
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Reads what the options for an end of maintenance take, a time with zone or a duration like C(2h30m), and returns
    the moment as every result of this collection shows it.
positional: since
options:
  _input:
    description: ISO 8601 with a zone, C(now), or a duration of days, hours, minutes and seconds.
    type: str
    required: true
  since:
    description: From when a duration counts, ISO 8601 with a zone. By default from now.
    type: str
"""

EXAMPLES = r"""
- name: Say when it ends
  ansible.builtin.debug:
    msg: "{{ '2h' | quiesce.maintenance.moment(since='2026-11-24T22:00:00+01:00') }}"
"""

RETURN = r"""
_value:
  description: The moment, ISO 8601 in UTC.
  type: str
  sample: "2026-11-24T23:00:00Z"
"""

from collections.abc import Callable
from datetime import datetime, timezone

from ansible.errors import AnsibleFilterError
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso, parse_moment


def moment(text: str, since: str | None = None) -> str:
    """Return the moment that ``text`` names, counted from ``since`` where it is a duration."""
    now = datetime.now(timezone.utc)
    try:
        base = parse_moment(since, now=now) if since else now
        return iso(parse_moment(text, now=now, base=base))
    except ValueError as error:
        raise AnsibleFilterError(f"moment: {error}") from error


class FilterModule:
    """Ansible's way to find the filter."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return the filters of this file."""
        return {"moment": moment}
