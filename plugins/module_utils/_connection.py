# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The options by which every module here reaches a REST server, in one place (documented by doc_fragments/rest.py)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Client, Retry
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import seconds

OPTIONS: dict[str, dict[str, Any]] = {
    "url": {"type": "str", "required": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "use_proxy": {"type": "bool", "default": True},
    # May hold a password.
    "proxy": {"type": "str", "no_log": True},
    "request_timeout": {"type": "str", "default": "30s"},
    "retry_timeout": {"type": "str", "default": "3m"},
}

_NO_TEXT = ("it is not UTF-8 text", "Give the secret as plain text")
_ALONE = "Give a text file that contains only the secret"


def secret_options(name: str) -> dict[str, dict[str, Any]]:
    """Return the options for a secret that is given as it is or in a file: ``name`` and ``name_file``."""
    return {name: {"type": "str", "no_log": True}, f"{name}_file": {"type": "path", "no_log": False}}


def read_secret(params: Mapping[str, Any], name: str, variable: str) -> str | None:
    """Return the secret from option ``name``, else from the file ``name_file``, else from environment ``variable``.

    None where none of the three is given. Raises Failure for a file that can't be read or is empty.
    """
    if params.get(name):
        return _text(str(params[name]), Invalid(name, *_NO_TEXT))
    if file := params.get(f"{name}_file"):
        try:
            secret = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            # The text of a UnicodeDecodeError would quote the file.
            reason = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else _reason(error)
            raise Invalid(f"{name}_file", f"{file}: {reason}", _ALONE) from None
        if not secret:
            raise Invalid(f"{name}_file", f"{file}: it is empty", _ALONE)
        return secret
    refusal = Failure(f"use the environment variable {variable}", "", *_NO_TEXT)
    return _text(os.environ.get(variable, ""), refusal) or None


def _text(secret: str, refusal: Failure) -> str:
    """Return a secret that can be sent: bytes that are not text come as halves of surrogate pairs."""
    try:
        secret.encode()
    except UnicodeEncodeError:
        # Its text would quote the secret.
        raise refusal from None
    return secret


def _reason(error: OSError | ValueError) -> str:
    return str(getattr(error, "strerror", None) or error)


def open_client(
    params: Mapping[str, Any],
    *,
    statuses: frozenset[int] = Retry.statuses,
    first_contact: float = Retry.first_contact,
    **more: Any,
) -> Client:
    """Return a client for the server that the options of ``OPTIONS`` name.

    ``statuses`` are the answers that are worth another try; ``first_contact`` is how many seconds to try a server that
    has not answered yet; ``more`` goes to ``Client``. Raises Failure for unusable options.
    """
    timeout, limit = seconds(params, "request_timeout"), seconds(params, "retry_timeout", zero=True)
    return Client(
        params["url"],
        validate_certs=params["validate_certs"],
        ca_path=params["ca_path"],
        use_proxy=params["use_proxy"],
        proxy=params["proxy"],
        timeout=timeout,
        retry=Retry(limit=limit, first_contact=min(limit, first_contact), statuses=statuses),
        **more,
    )
