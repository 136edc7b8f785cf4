"""The body of an administration mode request: exactly what the known clients send, or it is refused."""

from __future__ import annotations

from dataclasses import dataclass

from lab.rest.service import JsonObject

RUNTIMES = ("Enabled", "AdminMode")
STATES = ("Enabled", "Disabled")


class Malformed(Exception):
    """A body that is something else, and where."""


@dataclass(frozen=True)
class Wanted:
    """What a request asks for; ``background`` empty where it says nothing of background operations."""

    runtime: str
    background: str = ""


def parse(body: JsonObject | None) -> Wanted:
    """Read a body. Names are compared without case, values with it.

    The real service takes a whole environment and changes what is named; the lab changes nothing but the mode, and
    refuses everything else rather than pass over it.
    """
    properties = _object(body, "properties", {"properties"})
    parts = _object(properties, "states", {"states", "linkedenvironmentmetadata"}, of="properties")
    runtime = _object(parts, "runtime", {"runtime"}, of="properties.states")
    name = _value(runtime, "id", RUNTIMES, "properties.states.runtime")
    metadata = _lower(properties).get("linkedenvironmentmetadata", {})
    where = "properties.linkedEnvironmentMetadata"
    if not isinstance(metadata, dict):
        raise Malformed(f"{where} is not an object.")
    if not metadata:
        return Wanted(name)
    return Wanted(name, _value(metadata, "backgroundOperationsState", STATES, where))


def _object(whole: JsonObject | None, name: str, known: set[str], of: str = "The body") -> JsonObject:
    if whole is None:
        raise Malformed("The body is not a JSON object.")
    found = _lower(whole)
    if unknown := set(found) - known:
        raise Malformed(f"{of}: unknown {', '.join(sorted(unknown))}.")
    part = found.get(name)
    if not isinstance(part, dict):
        raise Malformed(f"{of}: {name} is missing or not an object.")
    return part


def _value(whole: JsonObject, name: str, values: tuple[str, ...], where: str) -> str:
    found = _lower(whole)
    if set(found) != {name.lower()} or found[name.lower()] not in values:
        raise Malformed(f"{where} is not {name} with one of {', '.join(values)}.")
    return str(found[name.lower()])


def _lower(whole: JsonObject) -> JsonObject:
    found = {name.lower(): value for name, value in whole.items()}
    if len(found) != len(whole):
        raise Malformed("A name is there twice.")
    return found
