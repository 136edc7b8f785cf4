# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: change_allowed_info
short_description: Tell whether a change is allowed now, by calendars of allowed times and of freezes
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Tells from iCalendar files or URLs whether a change may begin, why, until when, and when it may begin next.
  - A change is allowed while an event of O(window_calendars) lasts and no event of O(freeze_calendars) does. Freezes
    count before everything else. Without O(window_calendars), every time outside of a freeze is allowed.
  - With O(duration) or O(until), the change must also end before the allowed time does and before a freeze begins.
  - A calendar that cannot be read fails the task. It never counts as a calendar without events.
  - The answer is in RV(allowed). The task itself succeeds whether the change is allowed or not.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
attributes:
  check_mode:
    support: full
    details: Only reads.
  diff_mode:
    support: none
    details: Changes nothing.
  idempotent:
    support: full
  platform:
    platforms: all
    support: full
    details: Files and URLs are read on the controller, whatever host the task is for. One task with C(run_once) is
      enough for all hosts.
options:
  window_calendars:
    description:
      - Calendars of the times in which changes are allowed. Each is a path on the controller or a URL that begins with
        C(https://) or C(webcal://).
      - A list, or one text with commas or line breaks between. A URL that contains a comma must stand in a list.
      - A relative path begins at the folder of the playbook or, if there is no such file, at the working directory.
      - Events that overlap or touch, of one calendar or of several, are one allowed time.
    type: list
    elements: str
  freeze_calendars:
    description:
      - Calendars of the times in which changes are not allowed, given like O(window_calendars).
    type: list
    elements: str
  duration:
    description:
      - How much time the change needs, like V(2h) or V(90m). A number alone is seconds. At most 400 days.
      - If neither this nor O(until) is given, it is only asked whether the change may begin.
    type: str
  until:
    description:
      - When the change ends, in place of O(duration), like V(2026-12-06T06:00:00+01:00) or
        V(2026-12-06T06:00 Europe/Berlin).
    type: str
  at:
    description:
      - When the change begins. V(now), a time like V(2026-12-05T22:00:00+01:00) or V(2026-12-05T22:00 Europe/Berlin),
        or a time from now on, like V(3d).
    type: str
    default: now
  timezone:
    description:
      - Time zone of events without one, that is all-day events and those at a local ("floating") time, like
        V(Europe/Berlin). It counts before the C(X-WR-TIMEZONE) of a calendar.
      - The times in RV(why) are in this zone. If it is not given, they are in the zone of the event.
    type: str
  override:
    description:
      - Reason why the change is allowed although the calendars refuse it, like V(INC0042 security fix).
      - It counts against a freeze, a closed time and a cutoff, and also if a calendar cannot be read. Invalid options
        are still refused. It has no effect if the calendars allow the change.
    type: str
  validate_certs:
    description:
      - Whether the server's TLS certificate is verified.
      - V(false) also allows URLs that begin with C(http://); anybody on the way could then change the calendar.
    type: bool
    default: true
  ca_path:
    description:
      - PEM file of the certificate authorities to trust, in place of the system's.
    type: path
  proxy:
    description:
      - HTTP proxy for the connection, like V(http://proxy.example.com:3128), with user name and password in it if
        it asks for them.
      - If the option is not given, the environment variables E(https_proxy), E(http_proxy) and E(no_proxy) apply.
    type: str
  use_proxy:
    description:
      - V(false) connects directly. Neither O(proxy) nor a proxy of the environment is used.
    type: bool
    default: true
  request_timeout:
    description:
      - How long one request may take, like V(30s) or V(1m), from the connection to the last byte of the answer. A
        number alone is seconds.
    type: str
    default: 30s
  retry_timeout:
    description:
      - How long a request is tried again while the server restarts, is overloaded (HTTP 502, 503, 504), asks for
        fewer requests (HTTP 429) or breaks connections off. V(0) means not at all.
    type: str
    default: 3m
requirements:
  - icalendar (Python package, 6.1 or newer)
  - recurring-ical-events (Python package, 3.5.1 or newer)
notes:
  - Events with C(STATUS:CANCELLED) do not count. Events count whether they are shown as busy or as free
    (C(TRANSP:TRANSPARENT)), since calendar programs show all-day events as free unless they are told otherwise.
  - An event without length does not count, and is named in RV(notes). One that ends before it begins fails the task.
  - A calendar of more than 16 MiB, one that takes longer than 30 seconds to read, and one without any event are
    refused.
  - Messages name the host of a URL only, because the rest of it is often all that keeps a calendar private. A redirect
    is not followed, and a URL with a user name or password is refused.
  - Calendars exported by Microsoft Outlook, Google Calendar and others were not tried; the tests use calendars that are
    written like theirs.
seealso:
  - name: Change calendars
    description: How events are read, in detail.
    link: https://github.com/quiesce/quiesce.maintenance/blob/main/docs/change-calendar.md
"""

EXAMPLES = r"""
- name: Ask whether two hours of maintenance may begin now
  quiesce.maintenance.change_allowed_info:
    window_calendars: calendars/saturday-nights.ics
    freeze_calendars:
      - https://calendar.example.com/freezes.ics
      - calendars/year-end.ics
    duration: 2h
    timezone: Europe/Berlin
  register: change
  run_once: true

- name: Refuse the change
  ansible.builtin.assert:
    that: change.allowed
    fail_msg: "{{ change.why }} The next opening is {{ change.next_opening or 'more than 400 days away' }}."
    quiet: true
  run_once: true

- name: Break the glass
  quiesce.maintenance.change_allowed_info:
    freeze_calendars: calendars/year-end.ics
    timezone: Europe/Berlin
    override: INC0042 security fix, approved by the change manager
  run_once: true
"""

RETURN = r"""
allowed:
  description: Whether the change may begin at RV(at).
  returned: always
  type: bool
  sample: false
verdict:
  description:
    - What the calendars say, whatever O(override) is.
    - V(open) allows the change. V(cutoff) is a time that is open now and ends before the change would. V(closed) is no
      allowed time. V(freeze) is a freeze. V(unknown) means that a calendar could not be read.
  returned: always
  type: str
  sample: freeze
why:
  description: The reason as a sentence.
  returned: success
  type: str
  sample: Closed by the freeze "Year-end" until 2027-01-04 06:00 CET.
at:
  description: The moment that was asked for (ISO 8601, UTC).
  returned: success
  type: str
  sample: "2026-12-24T21:00:00Z"
until:
  description:
    - When that ends (ISO 8601, UTC). For V(open) and V(cutoff), the end of the allowed time or the beginning of a
      freeze. For V(closed), the beginning of the next allowed time. For V(freeze), the end of the freeze and of those
      that follow it without a gap.
    - Empty if it is more than 400 days away.
  returned: success
  type: str
  sample: "2027-01-04T05:00:00Z"
next_opening:
  description:
    - The first moment from RV(at) on at which a change of this length may begin (ISO 8601, UTC). It equals RV(at) if
      the verdict is V(open).
    - Empty if there is none within 400 days.
  returned: success
  type: str
  sample: "2027-01-09T21:00:00Z"
calendar:
  description: Name of the calendar of RV(event), else the name of its file or of its host.
  returned: success
  type: str
  sample: Freezes
event:
  description:
    - Title of the event that decides. For V(open) the allowed time, for V(closed) the next one, for V(cutoff) the event
      that is in the way.
  returned: success
  type: str
  sample: Year-end
override:
  description: The reason in O(override) if the change is allowed by it alone, else empty.
  returned: success
  type: str
  sample: ""
notes:
  description: Events that do not count and perhaps should.
  returned: success
  type: list
  elements: str
  sample: []
"""
