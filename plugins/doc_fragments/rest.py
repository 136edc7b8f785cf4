# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the options in module_utils/_connection.py."""

from __future__ import annotations


class ModuleDocFragment:
    """How a REST server is reached."""

    DOCUMENTATION = r"""
options:
  validate_certs:
    description:
      - Whether the server's TLS certificate is verified.
      - V(false) also allows a O(url) that begins with C(http://); the credential then travels readable for everybody
        on the way.
    type: bool
    default: true
  ca_path:
    description:
      - PEM file of the certificate authorities to trust, in place of the system's.
      - For a server with a self-signed certificate, that certificate.
    type: path
  proxy:
    description:
      - HTTP proxy for the connection, like V(http://proxy.example.com:3128), with user name and password in it if
        it asks for them.
      - Where the option is not given, the environment variables E(https_proxy) and E(no_proxy) apply.
    type: str
  use_proxy:
    description:
      - V(false) connects directly, whatever O(proxy) and the environment variables say.
    type: bool
    default: true
  request_timeout:
    description:
      - How long one request may take, like V(30s) or V(1m). A number alone is seconds.
    type: str
    default: 30s
  retry_limit:
    description:
      - How long a request is tried again while the server restarts, is overloaded (HTTP 502, 503, 504), asks for
        fewer requests (HTTP 429) or breaks connections off. V(0) means not at all.
    type: str
    default: 3m
"""
