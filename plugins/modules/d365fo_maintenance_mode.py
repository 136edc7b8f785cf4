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
    one task. It looks at the system, refuses what must be refused before anything is touched, records the window, stops
    the background services, sets the variable CONFIGURATIONMODE with the vendor's method, restarts IIS, waits until the
    AOS is ready, and records that the value is in effect. On the way out exactly the services that ran before run
    again.
  - Maintenance mode is on while a window is open. Opening a window that is already open updates or extends it. Closing
    one of several leaves maintenance mode on and reports the others.
  - A run that was interrupted at any point is finished by the next one, in either direction. Two runs on one system do
    not get in each other's way; the second one waits for the first, and is refused with its name if it takes too long.
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
    description: Whether to enable or disable maintenance mode.
    type: str
    choices: [enabled, disabled]
    required: true
  stop_before:
    description:
      - V(restart) ends the task before IIS is restarted, with RV(restart_required=true). The same task with V(nothing)
        then continues, with O(sync) if requested. Use it for work of your own between the two. If there is nothing to
        restart, the task does everything, with RV(restart_required=false).
      - On-premises V(restart) is refused, because the script does both.
    type: str
    choices: [restart, nothing]
    default: nothing
  continues:
    description:
      - What the task with O(stop_before=restart) returned as RV(continues). The task refuses to continue if somebody
        else has changed the system since.
    type: str
  task_files:
    description:
      - What to do about the task files of the role, C(d365fo_before_restart) and C(d365fo_after_restart), if the host
        has these variables.
      - V(checked) refuses a file that cannot be used and returns the paths, for a play that runs the files afterwards.
        V(ignored) does not look at them.
    type: str
    choices: [checked, ignored]
    default: ignored
  create_missing:
    description: Whether to insert a missing row CONFIGURATIONMODE, in the way Microsoft's own scripts insert such rows.
    type: bool
    default: false
  stop_background_services:
    description:
      - Whether batch, Management Reporter and data management, and the services that depend on them, are stopped during
        maintenance. Those that ran before run again afterwards.
    type: bool
    default: true
  service_timeout:
    description: How long to wait for services to stop or start, each time.
    type: str
    default: 5m
  kill_hung:
    description:
      - Whether to end the process of a service that does not stop in time. Windows may restart a batch service that was
        ended, after 30 s.
    type: bool
    default: false
  wait_for_aos:
    description: Whether to wait until the AOS is ready. Otherwise the mode is not verified.
    type: bool
    default: true
  url:
    description:
      - Address of the AOS. The default is C(Infrastructure.HostUrl) in C(web.config). On-premises it is asked if
        the cluster cannot be reached, and shows one AOS, not all of them.
    type: str
  url_validate_certs:
    description: Whether the certificate of the AOS is verified.
    type: bool
    default: true
  url_ca_path:
    description: PEM file, on the controller, of the certificate authorities to trust for the AOS.
    type: path
  aos_from:
    description:
      - Where the request to the AOS comes from. V(controller) sends it from the controller. V(host) runs the host's own
        C(curl.exe) (part of Windows since Server 2019), which trusts what the host trusts. V(auto) asks from the
        controller, and from the host if there is no answer; the host name of a VHD resolves on the machine itself only.
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
    description: HTTP statuses of the AOS that mean ready. That V(302) means ready is a guess.
    type: list
    elements: int
    default: [200, 302]
  expect_new_instances:
    description:
      - Whether an AOS instance of a cluster counts as not restarted yet while it has the id that it had before the
        script. That Service Fabric gives a restarted instance a new id is a guess.
    type: bool
    default: true
  setup_tool_timeout:
    description: How long the setup tool may take to set the variable.
    type: str
    default: 15m
  sync:
    description:
      - Whether to synchronise the database with the setup tool on the way out, after the variable is set and before the
        AOS restarts. Required after a change of configuration keys; it can take half an hour and can drop columns. Not
        available on-premises.
    type: bool
    default: false
  sync_timeout:
    description: How long the synchronisation may take.
    type: str
    default: 2h
  execution_policy:
    description: PowerShell's execution policy for the script. The default is that of the node.
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
    of the database for which it was written; one that came with a copy of another database is reported and not
    followed.
  - If IIS is not running, it stays stopped. The AOS reads the variable when somebody starts it.
  - If somebody disabled a service during maintenance, the run fails once, after everything else is back. Run it again
    to leave the service stopped.
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
    - What was done, in order, and how many seconds it took; in check mode what would be done, without times.
  type: list
  elements: dict
  returned: success, and failure after something was done
  sample:
    - step: stopped DynamicsAxBatch
      seconds: 3.2
restart_required:
  description: Whether the AOS must still be restarted to put the variable into effect.
  type: bool
  returned: success
  sample: false
continues:
  description: Identifies the record as the task left it, for O(continues).
  type: str
  returned: success, and failure after something was done
  sample: 5f1d7a84db00d2fc
task_files:
  description: The paths of the task files with O(task_files=checked), each empty if there is none.
  type: dict
  returned: success
  sample:
    before_restart: /etc/quiesce/backup.yml
    after_restart: ""
restarted:
  description: Whether the task restarted the AOS; in check mode whether it would.
  type: bool
  returned: success, and failure after something was done
  sample: true
output:
  description: The last lines that the setup tool or the script printed, without the password.
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
    host:
      description: The machine or manager that the system belongs to; empty if it is one by itself.
      type: str
      sample: ""
    mode:
      description: V(normal), V(maintenance), V(changing) (a run is at work, or was interrupted) or V(unknown).
      type: str
      sample: maintenance
    verified:
      description: Whether the AOS is verified to run with the mode; V(null) if that is not known.
      type: bool
      sample: true
    managed:
      description: Whether this collection turned maintenance mode on; V(null) while it is off.
      type: bool
      sample: true
    since:
      description: When the first of the open windows was opened (ISO 8601, UTC); V(null) if none is open.
      type: str
      sample: "2026-11-24T21:00:00Z"
    owner:
      description: Who opened the windows.
      type: str
      sample: release.manager
    reason:
      description: The reason that was given.
      type: str
      sample: CHG0042 configuration keys
    expires:
      description: When the last window expires; V(null) if a window has no end.
      type: str
      sample: "2026-11-24T23:00:00Z"
    overdue:
      description: Whether an open window has expired, or a run was cut off that was to turn the mode off.
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
          description: The reason that was given.
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
          description: When it expires, empty if it has no end.
          type: str
          sample: "2026-11-24T23:00:00Z"
    notes:
      description: What an administrator should know about the system.
      type: list
      elements: str
      sample: []
    faults:
      description: Those of the notes that say what is not as it should be, like a service that does not run.
      type: list
      elements: str
      sample: []
"""
