"""Power Platform: the environments of a tenant, their lifecycle operations, and the APIs that show them.

Read in Microsoft's Terraform provider, PowerShell module and Python SDK, in d365bap.tools, and in the provider's
recorded answers. [G] marks what is built without a recorded example, as everything about administration mode's
effect is: no recorded answer to that request is public.
"""

from lab.powerplatform.bap import Bap
from lab.powerplatform.cloud import Cloud
from lab.powerplatform.dataverse import Dataverse, HistoryEntry
from lab.powerplatform.environment import Environment, FinOps, Mode
from lab.powerplatform.official import OfficialApi
from lab.powerplatform.operation import Operation
from lab.powerplatform.site import Site
from lab.powerplatform.stranger import Stranger

__all__ = [
    "Bap",
    "Cloud",
    "Dataverse",
    "Environment",
    "FinOps",
    "HistoryEntry",
    "Mode",
    "OfficialApi",
    "Operation",
    "Site",
    "Stranger",
]
