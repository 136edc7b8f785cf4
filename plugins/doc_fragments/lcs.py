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
      - Address of the portal in which the project is, like V(https://eu.lcs.dynamics.com).
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
      - They let anyone act as the person who signed in, for about an hour. Treat them as that person's password.
      - If neither this nor O(cookies_file) is given, E(LCS_COOKIES) is used.
      - Mutually exclusive with O(cookies_file).
    type: str
  cookies_file:
    description:
      - File that holds the cookies and nothing else, on the controller.
    type: path
  accept_undocumented_api:
    description:
      - Say with V(true) that you accept to use what the portal itself uses. It is not documented, not supported by
        Microsoft, and may change any day. Without it the task is refused before the portal is asked anything.
      - The public API, with O(api_token), needs no consent.
    type: bool
    default: false
  api_url:
    description:
      - Address of the public API. If it is not given, C(lcsapi.) is put before the host of O(url), if that is one of
        Microsoft's portals.
    type: str
  api_token:
    description:
      - Access token of a user for LCS's public API, which can read the state and the history of an environment but
        cannot switch maintenance mode.
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
      - C(Deployed) and C(Servicing) are known. A text that is not known is passed over, and a number decides.
    type: list
    elements: str
    default: [In Maintenance]
  maintenance_states:
    description:
      - Numbers of C(DeploymentState) that mean maintenance mode where the text of the status is not known. That V(13)
        (SafeMode) is maintenance mode is a guess.
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
      - Path of the list of the project's environments, which says of which type each is. If it is not given, the list
        of Service Fabric deployments is read, and the other one if the environment is not in it.
    type: str
  details_path:
    description:
      - Path of the environment's details. If it is not given, it follows from the type of the environment; if it is,
        the list of environments is not read.
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
  - Never tried against the real LCS. The statements of this page are of three kinds. Documented by Microsoft, the
    states Servicing, In Maintenance and Deployed, and the public API. Read in the source of published clients, the
    paths, the form of requests and answers, the numbers. A guess, that the portal calls the mode as Microsoft's page
    does (O(maintenance_status), O(maintenance_states)), and that an inner C(IsSuccessful) of an answer counts.
  - Cookies that the portal sets anew replace the ones that were given, as in a browser, for the time of the task.
seealso:
  - name: Maintenance mode
    description: Microsoft's page about maintenance mode, with the part about sandbox and production environments.
    link: https://learn.microsoft.com/dynamics365/fin-ops-core/dev-itpro/sysadmin/maintenance-mode
"""
