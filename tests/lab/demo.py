"""The estate of the demonstration, of ``make lab-up`` and of molecule: one system of each kind, or a few."""

from __future__ import annotations

from pathlib import Path

from lab.estate import Estate
from lab.lcs.in_estate import add_lcs, add_lcs_environment
from lab.rest.launch_process import Work
from lab.windows.machines import Layout


def demo_estate(folder: Path, *, network: str = "127.20.0", scale: float = 20.0) -> Estate:
    """Return the estate that a newcomer gets to play with."""
    estate = Estate(folder, network=network, scale=scale)
    estate.add_dev_machine("dev01", via="sqlcmd", transport="basic")
    estate.add_dev_machine("dev02", via="odbc", transport="ntlm", layout=Layout(drive="J:", service_drive=None))
    estate.add_vhd("vhd01")
    estate.add_cluster("contoso")
    estate.add_trend_manager("dsm01")
    launch = estate.add_launch_server("launch01")
    launch.begin("application", "Deploy web shop", Work(300.0))
    estate.add_powerplatform_environment("uat")
    # A servicing operation and the platform's own take five minutes here, not the 20 of real ones.
    if estate.power_platform:
        estate.power_platform.cloud.seconds = (5, 20, 220, 60)
    add_lcs_environment(estate, add_lcs(estate, "lcs"), "sit").servicing_seconds = 300.0
    estate.variables("sit")["lcs_poll_interval"] = "4s"
    return estate
