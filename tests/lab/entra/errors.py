"""The errors of the token endpoint, with Microsoft's shape."""

from __future__ import annotations

import datetime
import uuid

from lab.clock import Clock
from lab.rest.service import JsonObject, Refused


def refuse(
    clock: Clock, correlation: str, number: int, error: str, text: str, status: int = 400, **more: str
) -> Refused:
    """An error: ``number`` is that of AADSTS, ``error`` the word of OAuth."""
    trace = str(uuid.uuid4())
    moment = datetime.datetime.fromtimestamp(clock.time(), datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
    body: JsonObject = {
        "error": error,
        "error_description": f"AADSTS{number}: {text} Trace ID: {trace} Correlation ID: {correlation} "
        f"Timestamp: {moment}",
        "error_codes": [number],
        "timestamp": moment,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={number}",
        **more,
    }
    return Refused(status, body, {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"})
