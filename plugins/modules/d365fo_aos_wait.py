# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: d365fo_aos_wait
short_description: Wait until the AOS of Dynamics 365 Finance + Operations answers
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Asks a Finance + Operations URL from the controller until it answers, with progress lines and a limit. Changes
    nothing.
extends_documentation_fragment:
  - quiesce.maintenance.attributes
  - quiesce.maintenance.attributes.action
attributes:
  check_mode:
    support: full
    details: Asks once and does not wait.
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: all
    support: full
    details: The requests go out from the controller.
options:
  url:
    description: Address of the AOS (C(Infrastructure.HostUrl) in C(web.config)).
    type: str
    required: true
  timeout:
    description: Seconds to wait at most.
    type: int
    default: 900
  interval:
    description: Seconds between two requests.
    type: int
    default: 5
  accept:
    description:
      - HTTP statuses that mean ready. Redirects are not followed. That a redirect to the sign-in page (302) means
        ready is a guess.
    type: list
    elements: int
    default: [200, 302]
  validate_certs:
    description: Whether the certificate of the AOS is verified.
    type: bool
    default: true
  ca_path:
    description: PEM file of the certificate authorities to trust, in place of the system's.
    type: path
notes:
  - No sign of maintenance mode is known in what an AOS answers, so this shows that it runs, not in which mode.
  - Not verified against a real AOS.
"""

EXAMPLES = r"""
- name: Wait until the AOS answers
  quiesce.maintenance.d365fo_aos_wait:
    url: https://dev01.cloud.onebox.dynamics.com/
    timeout: 600
"""

RETURN = r"""
ready:
  description: Whether the AOS answered as ready.
  type: bool
  returned: success
  sample: true
said:
  description: What it answered at the first request, where that was not ready.
  type: str
  returned: success
  sample: HTTP 503
"""
