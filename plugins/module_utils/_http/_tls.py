# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The TLS context of a connection, as ``ansible.module_utils.urls`` builds it for every other module."""

from __future__ import annotations

import ssl

from ansible.module_utils.urls import make_context
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid


def tls_context(
    validate_certs: bool, ca_path: str | None, client_cert: str | None, client_key: str | None, option_prefix: str = ""
) -> ssl.SSLContext:
    """Return the context. Raises ``Invalid`` for files that cannot be used; ``option_prefix`` as for ``Client``."""
    try:
        context: ssl.SSLContext = make_context(cafile=ca_path, validate_certs=validate_certs)
    except (OSError, ValueError) as error:
        raise Invalid(
            f"{option_prefix}ca_path",
            f"{ca_path}: {_reason(error)}",
            "Give a PEM file with the certificate of the authority that issued the server's certificate",
        ) from None
    if client_cert:
        try:
            # The empty password keeps OpenSSL from asking for one on the terminal.
            context.load_cert_chain(client_cert, client_key, password="")
        except (OSError, ValueError) as error:
            raise Invalid(
                f"{option_prefix}client_cert",
                f"{client_cert}: {_reason(error)}",
                f"Give PEM files with the certificate and its unencrypted key (O({option_prefix}client_key))",
            ) from None
    return context


def _reason(error: OSError | ValueError) -> str:
    return str(getattr(error, "strerror", None) or error)
