"""Notifications: what a configuration has to hold, and how it is shown."""

from __future__ import annotations

from typing import Any

from lab.awx.credentials import HIDDEN

Json = dict[str, Any]

_PARTS: dict[str, dict[str, tuple[type, Any]]] = {
    "email": {
        "host": (str, ...),
        "port": (int, ...),
        "username": (str, ...),
        "password": (str, ...),
        "use_tls": (bool, ...),
        "use_ssl": (bool, ...),
        "sender": (str, ...),
        "recipients": (list, ...),
        "timeout": (int, 30),
    },
    "webhook": {
        "url": (str, ...),
        "http_method": (str, "POST"),
        "disable_ssl_verification": (bool, False),
        "username": (str, ""),
        "password": (str, ""),
        "headers": (dict, ...),
    },
}


def faults(whole: Json) -> dict[str, list[str]]:
    """What is wrong with a notification; adds the defaults of what is not given."""
    given, found = whole["notification_configuration"], []
    for name, (type_, default) in _PARTS[whole["notification_type"]].items():
        if name not in given:
            if default is ...:
                found.append(f"Missing required fields for Notification Configuration: {name}.")
            else:
                given[name] = default
        elif not isinstance(given[name], type_) or (type_ is int and isinstance(given[name], bool)):
            found.append(f"Configuration field '{name}' incorrect type, expected {type_.__name__}.")
    return {"__all__": found} if found else {}


def shown(whole: Json) -> Json:
    """The configuration as the API shows it."""
    given: Json = whole["notification_configuration"]
    return {name: HIDDEN if name == "password" and value else value for name, value in given.items()}
