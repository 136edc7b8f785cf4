# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the options in module_utils/_alertmanager/_options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """How the Alertmanager modules reach their server, and which alerts they are about."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - Address of the Alertmanager, like V(https://alertmanager.example.com/alertmanager), with the path below which it
        is served if there is one, and without C(/api/v2).
      - An address that begins with C(http://) is accepted without a credential, or with O(validate_certs=false).
    type: str
    required: true
  username:
    description:
      - User name for basic authentication, if the Alertmanager or the proxy in front of it asks for one.
    type: str
  password:
    description:
      - Password of O(username).
      - Mutually exclusive with O(password_file).
    type: str
  password_file:
    description:
      - File on the controller that holds the password and nothing else.
    type: path
  token:
    description:
      - Bearer token, if the proxy in front of the Alertmanager asks for one.
      - Mutually exclusive with O(token_file), O(username), O(password) and O(password_file).
    type: str
  token_file:
    description:
      - File on the controller that holds the token and nothing else.
    type: path
  matchers:
    description:
      - Which alerts are meant, as Alertmanager and C(amtool) write it, like V(instance="dev01"). All of them have to
        fit. The operators are C(=), C(!=), C(=~) and C(!~); regular expressions are anchored at both ends.
      - A list, or one text with commas between them.
      - At least one matcher has to fit some texts only. Matchers that would silence every alert, such as
        V(alertname=~".+") or V(severity!="info") alone, are refused.
    type: list
    elements: str
    required: true
  system:
    description:
      - Name of the system in the comment of its silences, by which they are found again.
      - If it is not given, the name of the host in the inventory.
    type: str
requirements:
  - Prometheus Alertmanager 0.22 or newer, with its API v2
notes:
  - The silences of one Alertmanager reach all members of its cluster. Give the address of one member as O(url), not
    that of a load balancer, since a member may not know yet what another one was just told.
  - Tested with Alertmanager 0.25 and 0.28. A cluster was not tried.
seealso:
  - name: Silences
    description: What a silence does.
    link: https://prometheus.io/docs/alerting/latest/alertmanager/#silences
"""
