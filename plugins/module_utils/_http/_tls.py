# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The TLS context of a connection, as ``ansible.module_utils.urls`` builds it for every other module."""

from __future__ import annotations

import ssl

from ansible.module_utils.urls import make_context
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure


def tls_context(
    target: str, validate_certs: bool, ca_path: str | None, client_cert: str | None, client_key: str | None
) -> ssl.SSLContext:
    try:
        context: ssl.SSLContext = make_context(cafile=ca_path, validate_certs=validate_certs)
    except OSError as error:
        raise Failure(
            "read the CA file",
            target,
            f"{ca_path}: {error.strerror or error}",
            "Give a PEM file with the certificate of the CA that issued the server's certificate",
        ) from None
    if client_cert:
        try:
            # The empty password keeps OpenSSL from asking for one on the terminal.
            context.load_cert_chain(client_cert, client_key, password="")
        except OSError as error:
            raise Failure(
                "read the client certificate",
                target,
                f"{client_cert}: {error.strerror or error}",
                "Give PEM files with the certificate and its unencrypted key",
            ) from None
    return context
