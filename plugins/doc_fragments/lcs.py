# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the options in module_utils/_lcs/_options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """How the LCS modules reach an environment."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - Address of the portal that hosts the project, like V(https://eu.lcs.dynamics.com).
    type: str
    default: https://lcs.dynamics.com
  project_id:
    description:
      - Number of the LCS project, as in the address of its pages.
    type: str
    required: true
  environment_id:
    description:
      - Id of the environment, C(EnvironmentId) in the address of its details page in LCS. It is a GUID.
      - It is not the id of the Power Platform environment that is linked to it.
    type: str
    required: true
  cookies:
    description:
      - Cookies of a session that is signed in to the portal, as the value of the request header C(Cookie). Copy it
        from the developer tools of the browser.
      - With them, anybody can act as the person who signed in, for about an hour. Treat them like a password.
      - If neither this nor O(cookies_file) is given, E(LCS_COOKIES) is used.
      - Mutually exclusive with O(cookies_file).
    type: str
  cookies_file:
    description:
      - File that holds the cookies and nothing else, on the controller.
    type: path
  accept_undocumented_api:
    description:
      - Set V(true) to accept that the task uses the portal's own interface. Microsoft does not document or support it
        and may change it at any time. Otherwise the task is refused before it sends anything to the portal.
      - The public API, with O(api_token), does not need this.
    type: bool
    default: false
  api_url:
    description:
      - Address of the public API. The default is the host of O(url) with C(lcsapi.) in front, if that is one of
        Microsoft's portals.
    type: str
  api_token:
    description:
      - Access token of a user for the public API of LCS, which can read the state and the history of an environment
        but cannot switch maintenance mode.
      - If neither this nor O(api_token_file) is given, E(LCS_API_TOKEN) is used.
      - Mutually exclusive with O(api_token_file).
    type: str
  api_token_file:
    description:
      - File that holds the token and nothing else, on the controller.
    type: path
  maintenance_status:
    description:
      - Texts of the environment's status that mean maintenance mode, in the language of the account. V(In Maintenance)
        is how Microsoft's page about maintenance mode writes it; that the portal sends the same text is a guess.
      - C(Deployed) and C(Servicing) are known to mean something else, and are refused. If the text is not known, the
        number decides (O(maintenance_states)).
    type: list
    elements: str
    default: [In Maintenance]
  maintenance_states:
    description:
      - Numbers of C(DeploymentState) that mean maintenance mode if the text of the status is not known. That V(13)
        (SafeMode) is maintenance mode is a guess. C(3) (Finished) and C(11) (Servicing) are refused.
    type: list
    elements: int
    default: [13]
  start_path:
    description:
      - Path of the page with the anti-forgery token. In this and the other paths, C({project_id}) and
        C({environment_id}) stand for the ids.
    type: str
    default: /V2
  summary_path:
    description:
      - Path of the list of the project's environments, which says what type each one has. By default the list of
        Service Fabric deployments is read, then the other one if the environment is not in it.
    type: str
  details_path:
    description:
      - Path of the environment's details. By default it depends on the type of the environment. If it is given, the
        list of environments is not read.
    type: str
  switch_path:
    description:
      - Path of the request that turns maintenance mode on and off. It is known from one published client only.
    type: str
    default: /EnvironmentServicingV2/EnableDisableMaintenanceMode/{project_id}
  action_path:
    description:
      - Path of the action that runs on the environment.
    type: str
    default: /EnvironmentServicingV2/GetOngoingActionDetails/{project_id}?environmentId={environment_id}
  progress_path:
    description:
      - Path of the progress of that action.
    type: str
    default: /ServiceFabricDeployment/GetDeploymentProgress/{project_id}?environmentId={environment_id}
  history_path:
    description:
      - Path of the history of the environment.
    type: str
    default: /Environment/GetEnvironmentHistoryDetails/{project_id}?environmentId={environment_id}
notes:
  - Never tried against the real LCS. Microsoft documents the states Servicing, In Maintenance and Deployed, and the
    public API. The paths, the form of requests and answers, and the numbers were read in the source of published
    clients. Two things are guesses. One is that the portal uses the same names for the mode as Microsoft's page
    (O(maintenance_status), O(maintenance_states)); the other is that an inner C(IsSuccessful) of an answer counts.
  - During the task, cookies that the portal sets replace the given ones, as in a browser.
seealso:
  - name: Maintenance mode
    description: Microsoft's page about maintenance mode, with the part about sandbox and production environments.
    link: https://learn.microsoft.com/dynamics365/fin-ops-core/dev-itpro/sysadmin/maintenance-mode
"""
