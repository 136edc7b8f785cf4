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
      - V(false) also allows an address that begins with C(http://); the credential is then sent unencrypted.
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
        it asks for them. It serves an address that begins with C(http://) too.
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
notes:
  - A redirect (HTTP 301, 302, 303, 307, 308) is never followed, neither on the same host nor to another host, nor from
    https to http, so the credential reaches nobody else. The task fails and names the host that the redirect leads to;
    if that host is the right one, give its address.
  - A user name or password in an address is refused. Give the credential by its own option, which is never logged.
  - An answer of more than 16 MiB is refused.
"""
