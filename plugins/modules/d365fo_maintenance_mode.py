# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: d365fo_maintenance_mode
short_description: Enable or disable maintenance mode of a Dynamics 365 Finance + Operations system
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Puts a Finance + Operations system on the customer's own machines into maintenance mode or takes it out again, in
    one task - looks, refuses what must be refused before anything is touched, records the window, stops the background
    services, sets the variable CONFIGURATIONMODE the vendor's way, restarts IIS, waits until the AOS is ready, and
    records that the value is in effect. On the way out exactly the services that ran before run again.
  - The mode is on while a window is open. Opening a window that is open extends or changes it. Closing one of several
    leaves the mode on and says for whom.
  - A run that was cut off anywhere is finished by the next one, in either direction. Two runs on one system do not get
    in each other's way - the second waits for the first, or is refused with its name.
  - If there is nothing to do, it looks once and stops.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.window
  - quiesce.maintenance.d365fo
  - quiesce.maintenance.d365fo.sql
  - quiesce.maintenance.d365fo.odbc
  - quiesce.maintenance.d365fo.machine
  - quiesce.maintenance.d365fo.tool
  - quiesce.maintenance.d365fo.node
  - quiesce.maintenance.d365fo.cluster
  - quiesce.maintenance.d365fo.look
attributes:
  check_mode:
    support: full
    details: Check mode and the real run share one plan. What is refused is refused in check mode too.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description: Whether maintenance mode is to be enabled or disabled.
    type: str
    choices: [enabled, disabled]
    required: true
  stop_before:
    description:
      - V(restart) ends the task before IIS is restarted, with RV(restart_required=true). The same task with V(nothing)
        goes on, with O(sync) if that is asked for. This is for work of one's own between the two. If there is nothing
        to restart, the task does everything, with RV(restart_required=false).
      - On-premises V(restart) is refused, since the script does both.
    type: str
    choices: [restart, nothing]
    default: nothing
  continues:
    description:
      - What the task with O(stop_before=restart) returned as RV(continues). The task refuses to go on where somebody
        else has worked on the system since.
    type: str
  task_files:
    description:
      - What to do about the task files of the role, C(d365fo_before_restart) and C(d365fo_after_restart), if they are
        among the variables of the host.
      - V(checked) refuses one that can't be used, for a task that is followed by them, and returns their paths.
        V(ignored) does not look at them.
    type: str
    choices: [checked, ignored]
    default: ignored
  create_missing:
    description: Whether a missing row CONFIGURATIONMODE is inserted, by the pattern of Microsoft's own scripts.
    type: bool
    default: false
  stop_background_services:
    description:
      - Whether batch, Management Reporter and data management, and what depends on them, are stopped for the time of
        the maintenance. Those that ran before run again after it.
    type: bool
    default: true
  service_timeout:
    description: How long to wait for each stop or start of services.
    type: str
    default: 5m
  kill_hung:
    description:
      - Whether the process of a service that does not stop in time is ended. Windows may restart a batch service that
        was ended, after 30 s.
    type: bool
    default: false
  wait_for_aos:
    description: Whether to wait until the AOS is ready. Without it the mode is not verified.
    type: bool
    default: true
  url:
    description:
      - Address of the AOS. By default what C(web.config) says (C(Infrastructure.HostUrl)). On-premises it is asked if
        the cluster cannot be reached, and shows one AOS, not all.
    type: str
  url_validate_certs:
    description: Whether the certificate of the AOS is verified.
    type: bool
    default: true
  url_ca_path:
    description: PEM file, on the controller, of the authorities to trust for the AOS.
    type: path
  aos_from:
    description:
      - From where the AOS is asked. V(controller) sends the request itself. V(host) lets the host ask by its own
        C(curl.exe) (part of Windows since Server 2019), which trusts what the host trusts. V(auto) asks from the
        controller, and from the host if no answer comes - the host name of a VHD resolves on the machine itself only.
    type: str
    choices: [auto, controller, host]
    default: auto
  aos_timeout:
    description: How long to wait for the AOS.
    type: str
    default: 15m
  aos_interval:
    description: Time between two requests to the AOS.
    type: str
    default: 5s
  aos_accept:
    description: HTTP statuses of the AOS that mean ready. That V(302) does is a guess.
    type: list
    elements: int
    default: [200, 302]
  expect_new_instances:
    description:
      - Whether an AOS instance of a cluster with the id that it had before the script counts as not restarted yet. That
        Service Fabric gives a restarted instance another id is a guess.
    type: bool
    default: true
  setup_tool_timeout:
    description: How long the setup tool may take to set the variable.
    type: str
    default: 15m
  sync:
    description:
      - Whether the database is synchronised by the setup tool on the way out, after the variable is off and before the
        AOS restarts. Configuration keys that were changed need it; it may take half an hour and can drop columns. Not
        on-premises.
    type: bool
    default: false
  sync_timeout:
    description: How long the synchronisation may take.
    type: str
    default: 2h
  execution_policy:
    description: PowerShell's execution policy for the script, by default the node's own.
    type: str
    choices: [AllSigned, Bypass, RemoteSigned, Unrestricted]
  script_timeout:
    description: How long the script may take.
    type: str
    default: 1h
  confirm_restart:
    description: Whether the script, which restarts every AOS, requires O(restart_consent).
    type: bool
    default: false
  restart_consent:
    description: The consent, normally given for one run with C(-e).
    type: bool
    default: false
notes:
  - The record is an extended property of the AXDB database, C(quiesce.maintenance). It names the machine and the copy
    of the database for which it was written; one that came with a copy of another database is reported only.
  - If IIS does not run, it stays stopped. The AOS takes the variable over when somebody starts it.
  - A service that somebody disabled during the maintenance fails the run once, when everything else is back; run again
    as it is to leave it stopped.
  - Not verified against a real Finance + Operations system. Output and exit codes of the setup tool and of the script,
    the behaviour of an AOS that loads, and the restart of Service Fabric instances are guesses.
seealso:
  - module: quiesce.maintenance.d365fo_maintenance_mode_info
  - name: Maintenance mode
    description: The vendor's page.
    link: https://learn.microsoft.com/dynamics365/fin-ops-core/dev-itpro/sysadmin/maintenance-mode
"""

EXAMPLES = r"""
- name: Enable maintenance mode for a change of configuration keys
  quiesce.maintenance.d365fo_maintenance_mode:
    state: enabled
    window: CHG0042
    reason: Configuration keys for the warehouse
    expires: 2h

- name: Disable maintenance mode and synchronise the database
  quiesce.maintenance.d365fo_maintenance_mode:
    state: disabled
    window: CHG0042
    sync: true
    sql_login_user: axdbadmin
    sql_login_password: "{{ vault_axdbadmin_password }}"

- name: Disable maintenance mode, whoever enabled it
  quiesce.maintenance.d365fo_maintenance_mode:
    state: disabled
    all_windows: true
"""

RETURN = r"""
steps:
  description:
    - What was done, in order, and how many seconds it took. In check mode what would be done, without times.
  type: list
  elements: dict
  returned: success, and failure after something was done
  sample:
    - step: stopped DynamicsAxBatch
      seconds: 3.2
restart_required:
  description: Whether the AOS has still to be restarted before the variable is in effect.
  type: bool
  returned: success
  sample: false
continues:
  description: Tells the record as the task left it from every other, for O(continues).
  type: str
  returned: success, and failure after something was done
  sample: 5f1d7a84db00d2fc
task_files:
  description: The paths of the task files if O(task_files=checked), each empty without one.
  type: dict
  returned: success
  sample:
    before_restart: /etc/quiesce/backup.yml
    after_restart: ""
restarted:
  description: Whether the task restarted the AOS. In check mode whether it would.
  type: bool
  returned: success, and failure after something was done
  sample: true
output:
  description: The end of what the setup tool or the script printed, without the password.
  type: str
  returned: success
  sample: ""
status:
  description: The system's row of the status table.
  type: dict
  returned: success, and failure after something was done
  contains:
    system:
      description: Name of the system.
      type: str
      sample: dev01
    kind:
      description: Kind of system.
      type: str
      sample: D365 F&O
    mode:
      description: V(normal), V(maintenance), V(changing) (a run is at work, or was cut off) or V(unknown).
      type: str
      sample: maintenance
    verified:
      description: Whether the running AOS is known to have the mode; V(none) if nobody can know.
      type: bool
      sample: true
    managed:
      description: Whether this collection turned maintenance mode on; V(none) while it is off.
      type: bool
      sample: true
    since:
      description: When the first of the open windows was opened (ISO 8601, UTC), V(none) without one.
      type: str
      sample: "2026-11-24T21:00:00Z"
    owner:
      description: Who opened the windows.
      type: str
      sample: release.manager
    reason:
      description: Why.
      type: str
      sample: CHG0042 configuration keys
    expires:
      description: When the last window should be over, V(none) if one has no end.
      type: str
      sample: "2026-11-24T23:00:00Z"
    overdue:
      description: Whether a window is open that should be over.
      type: bool
      sample: false
    windows:
      description: The open windows.
      type: list
      elements: dict
      contains:
        id:
          description: Id of the window.
          type: str
          sample: default
        owner:
          description: Who opened it.
          type: str
          sample: release.manager
        reason:
          description: Why.
          type: str
          sample: CHG0042 configuration keys
        ticket:
          description: Number of the change.
          type: str
          sample: CHG0042
        opened:
          description: When it was opened (ISO 8601, UTC).
          type: str
          sample: "2026-11-24T21:00:00Z"
        expires:
          description: When it should be over, empty if nobody said.
          type: str
          sample: "2026-11-24T23:00:00Z"
    notes:
      description: What a person should know about the system.
      type: list
      elements: str
      sample: []
"""
