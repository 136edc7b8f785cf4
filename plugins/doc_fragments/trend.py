# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the options that both Trend modules have (module_utils/_trend/_options.py)."""

from __future__ import annotations


class ModuleDocFragment:
    """The manager, its key, and the computers that are meant."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - Base URL of the manager's API. On-premises it is like V(https://dsm.example.com:4119/api), in Cloud One like
        V(https://workload.de-1.cloudone.trendmicro.com/api).
    type: str
    required: true
  api_key:
    description:
      - API key of a user whose role may see and edit the computers.
      - Where neither this nor O(api_key_file) is set, the environment variable E(TREND_API_KEY) applies.
    type: str
  api_key_file:
    description: File that holds the API key alone, on the host on which the module runs.
    type: path
  key_header:
    description:
      - The header in which the manager expects the key. V(api-secret-key) is that of Deep Security Manager and of
        Vision One Server & Workload Protection, V(authorization) that of Cloud One.
    type: str
    choices: [api-secret-key, authorization]
    default: api-secret-key
  computers:
    description:
      - The computers, each by its number in the manager (ID), host name, display name or GUID.
      - A name is taken for an ID first, then for a host name, a display name, a GUID. A name that several computers
        have is refused.
      - Names are looked up by searches, never in the list of all computers. Up to 20 names take a request each; more
        are asked for by what their names have in common, and one by one where many other computers have it, too. Host
        names and IDs take the fewest requests.
      - "Whether the manager's search distinguishes upper and lower case is not documented. A host name is therefore
        asked for as written, in lower case and in upper case; write a display name as the manager does."
      - Either this or O(search) is required.
    type: list
    elements: str
  search:
    description: The computers that fulfil all of these criteria, at least one of which is required.
    type: dict
    suboptions:
      group:
        description: Name or ID of their computer group. Groups within that group are not included.
        type: str
      policy:
        description: Name or ID of the policy that is assigned to them directly.
        type: str
      platform:
        description: Their platform, where V(%) stands for any text, like V(Microsoft Windows Server%).
        type: str
  max_concurrency:
    description: How many requests are sent at the same time.
    type: int
    default: 10
  requests_per_minute:
    description:
      - How many requests this task sends in a minute at the most; V(0) means any number.
      - A Deep Security Manager accepts 500 from a user by default, which its system settings can change.
    type: int
    default: 450
"""
