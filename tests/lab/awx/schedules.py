"""Schedules: which rules AWX takes."""

from __future__ import annotations

import re

from dateutil.rrule import rrulestr


def faults(rule: str) -> list[str]:
    """What is wrong with the rule of a schedule."""
    starts = re.findall(r"DTSTART(?:;[^:]+)?:\d+T\d+Z?", rule)
    rules = re.findall(r"RULE:\S*", rule)
    found = []
    if not starts:
        found.append("Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ")
    if len(starts) > 1:
        found.append("Multiple DTSTART is not supported.")
    if re.search(r"DTSTART:\d+T\d+ ", rule):
        found.append("DTSTART cannot be a naive datetime.")
    if not rules:
        found.append("One or more rule required in rrule.")
    for each in rules:
        if "INTERVAL" not in each.upper():
            found.append(f"INTERVAL required in rrule: {each}")
        if "SECONDLY" in each.upper():
            found.append(f"SECONDLY is not supported: {each}")
        if "COUNT" in each and "UNTIL" in each:
            found.append(f"RRULE may not contain both COUNT and UNTIL: {each}")
    try:
        rrulestr(re.sub(r"\s+", "\n", rule.strip()))
    except ValueError as error:
        found.append(f"rrule parsing failed validation: {error}")
    return found
