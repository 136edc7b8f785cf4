# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the options in module_utils/_launch/_options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """How the launch modules reach their server and what they share."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - Address of the server, like V(https://launch.example.com:8443), with the path below which it is served if
        there is one.
    type: str
    required: true
  username:
    description:
      - User name to log in with.
      - If neither this nor O(password), O(password_file), O(token) or O(token_file) is given, E(DS_AUTH_TOKEN) is
        used as token, else E(DS_USERNAME) and E(DS_PASSWORD).
    type: str
  password:
    description:
      - Password of O(username). If it is not given, O(password_file) is used, else E(DS_PASSWORD).
      - Mutually exclusive with O(password_file).
    type: str
  password_file:
    description:
      - File that holds the password and nothing else, on the host that runs the module.
    type: path
  token:
    description:
      - Authentication token. It is sent with the user name C(PasswordIsAuthToken), as the server demands; with a real
        user name the server answers a token with HTTP 401.
      - Mutually exclusive with O(token_file), O(username), O(password) and O(password_file).
    type: str
  token_file:
    description:
      - File that holds the token and nothing else, on the host that runs the module.
      - 'Servers before 7.1.1 may answer a token with HTTP 401 unless the password is C({"token": "..."}). If yours
        does, write this text, with the token in it, into the file.'
    type: path
requirements:
  - HCL Launch, HCL DevOps Deploy, IBM UrbanCode Deploy or IBM DevOps Deploy (one product with four names)
  - An account with the permissions that the web pages ask for the same thing
notes:
  - No session is kept and no cookie sent, so the server's rule for browsers (session key on each write) does not apply.
  - Tested against a simulated server only, which follows the vendor's documentation and published clients.
seealso:
  - name: Enabling maintenance mode
    description: What is blocked, and what is not.
    link: https://help.hcl-software.com/devops/deploy/8.0.1/user/topics/server_maintenancemode.html
"""

    FIELD = r"""
options:
  field:
    description:
      - Name of the system setting that is the maintenance mode.
      - If it is not given, the one that the server has. V(maintenanceModeEnabled) (7.0.3 and later; the name is
        known from one published client only) or V(enableMaintenanceMode) (up to 6.2.3).
    type: str
  read_path:
    description:
      - Path below O(url) where the system settings are read.
    type: str
    default: /cli/systemConfiguration
"""

    ACTIVITY = r"""
options:
  activity_api:
    description:
      - Which interface lists the running processes. V(cli) is C(/cli/workflowTrace/currentActivity), V(rest) is
        C(/rest/workflow/currentActivity), V(auto) the first of them that the server knows.
    type: str
    choices: [auto, cli, rest]
    default: auto
  sees_all_activity:
    description:
      - Say with V(true) that the account may see the processes of every application.
      - Otherwise an empty list of processes comes with a warning, since the server probably gives an account with few
        permissions an empty list in place of an error, unless the account was seen to see processes of others.
    type: bool
    default: false
"""

    BLACKOUT = r"""
options:
  start_key:
    description:
      - Name that the server's list gives to the start of a blackout, in epoch milliseconds.
      - If it is not given, V(startDate), V(start) and V(startTime) are looked for. The vendor does not document the
        answer.
    type: str
  end_key:
    description:
      - Name that the server's list gives to the end of a blackout, in epoch milliseconds.
      - If it is not given, V(endDate), V(end) and V(endTime) are looked for.
    type: str
  series_key:
    description:
      - Name that the server's list gives to the id of the series of a recurring blackout.
      - If it is not given, V(series) and V(seriesId) are looked for.
    type: str
"""
