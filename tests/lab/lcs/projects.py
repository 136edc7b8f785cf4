"""The projects of Lifecycle Services, which the portal and the public API both show."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import IntEnum

from lab.lcs.environment import LcsEnvironment


class ProjectType(IntEnum):
    """``ProjectTypeId``; decides under which path the portal lists the environments."""

    IMPLEMENTATION = 8
    SERVICE_FABRIC = 11


@dataclass
class Project:
    """A project with its environments.

    Unified environments, those of Power Platform alone, are in none: their ids are unknown here.
    """

    id: int
    type: ProjectType = ProjectType.SERVICE_FABRIC
    environments: list[LcsEnvironment] = field(default_factory=list)

    def add(self, environment: LcsEnvironment) -> LcsEnvironment:
        """Enter an environment."""
        self.environments.append(environment)
        return environment

    def find(self, id_: str) -> LcsEnvironment | None:
        """Return the environment with this id; GUIDs are equal with and without dashes, in capitals or not."""
        try:
            wanted = uuid.UUID(id_)
        except ValueError:
            return None
        return next((each for each in self.environments if uuid.UUID(each.id) == wanted), None)


@dataclass
class Projects:
    """All projects, by their ids."""

    by_id: dict[int, Project] = field(default_factory=dict)

    def add(self, project: Project) -> Project:
        """Enter a project."""
        self.by_id[project.id] = project
        return project

    def find(self, number: str) -> Project | None:
        """Return the project that a path names."""
        return self.by_id.get(int(number)) if number.isdecimal() else None
