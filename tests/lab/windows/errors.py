"""Win32 error numbers and the sentences Windows prints for them."""

from __future__ import annotations

TEXTS = {
    2: "The system cannot find the file specified.",
    3: "The system cannot find the path specified.",
    5: "Access is denied.",
    15: "The system cannot find the drive specified.",
    32: "The process cannot access the file because it is being used by another process.",
    87: "The parameter is incorrect.",
    123: "The filename, directory name, or volume label syntax is incorrect.",
    267: "The directory name is invalid.",
    1051: "A stop control has been sent to a service that other running services are dependent on.",
    1052: "The requested control is not valid for this service.",
    1053: "The service did not respond to the start or control request in a timely fashion.",
    1056: "An instance of the service is already running.",
    1058: (
        "The service cannot be started, either because it is disabled or because it has no enabled devices"
        " associated with it."
    ),
    1060: "The specified service does not exist as an installed service.",
    1061: "The service cannot accept control messages at this time.",
    1062: "The service has not been started.",
    1067: "The process terminated unexpectedly.",
    1068: "The dependency service or group failed to start.",
    1075: "The dependency service does not exist or has been marked for deletion.",
    1722: "The RPC server is unavailable.",
}


class Win32Error(Exception):
    """A system call failed with the Win32 error ``code``."""

    def __init__(self, code: int) -> None:
        self.code = code
        self.text = TEXTS[code]
        super().__init__(f"{code}: {self.text}")
