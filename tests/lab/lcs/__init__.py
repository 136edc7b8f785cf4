"""Lifecycle Services (LCS): the portal of a signed-in person, and the public API of an application with its token.

Sources: the vendor's pages (maintenance mode, maintenance operations, the API's reference of environment metadata and
history) and the public clients milnet92/LcsApi, microsoft/2LCS, codekaczmarek/3LCS and d365fo.tools. No answer of the
real portal has been recorded, so its bodies are built from what those clients read. The public API's bodies follow
the vendor's published examples. What neither says is marked "chosen here" where it is made.
"""

from lab.lcs.api import LcsApi
from lab.lcs.environment import Hosting, LcsEnvironment, ServicingFailure
from lab.lcs.portal import Portal
from lab.lcs.projects import Project, Projects, ProjectType

__all__ = [
    "Hosting",
    "LcsApi",
    "LcsEnvironment",
    "Portal",
    "Project",
    "ProjectType",
    "Projects",
    "ServicingFailure",
]
