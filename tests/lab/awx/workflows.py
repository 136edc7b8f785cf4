"""Workflows: which nodes run, by what the others came to, and whether the workflow is shown as failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Links = dict[str, list[str]]


@dataclass
class Node:
    """A node, with the identifiers of those to which it leads."""

    identifier: str
    success: list[str] = field(default_factory=list)
    failure: list[str] = field(default_factory=list)
    always: list[str] = field(default_factory=list)
    all_parents: bool = False

    def leads_to(self, came_to: bool) -> list[str]:
        """Where it leads if it went well, or did not."""
        return [*(self.success if came_to else self.failure), *self.always]

    @property
    def children(self) -> list[str]:
        """Where it can lead."""
        return [*self.success, *self.failure, *self.always]


def has_cycle(nodes: Mapping[str, Node]) -> bool:
    """Whether a node leads back to itself."""
    left = dict(nodes)
    while left:
        roots = [name for name in left if not any(name in node.children for node in left.values())]
        if not roots:
            return True
        for name in roots:
            del left[name]
    return False


def run(nodes: Mapping[str, Node], came_to: Callable[[str], bool]) -> tuple[list[str], bool]:
    """Run a workflow; return the nodes in their order, and whether AWX shows the workflow as failed.

    A node waits for all nodes before it that run or may still run, and runs if one of them leads to it (with
    ``all_parents``, if each does). A failed node makes the workflow fail only if nothing follows its failure.
    """
    results: dict[str, bool] = {}
    passed_over: set[str] = set()
    order: list[str] = []
    while len(results) + len(passed_over) < len(nodes):
        for name, node in nodes.items():
            if name in results or name in passed_over:
                continue
            parents = [each for each in nodes.values() if name in each.children]
            if any(each.identifier not in results and each.identifier not in passed_over for each in parents):
                continue
            leads = [each.identifier in results and name in each.leads_to(results[each.identifier]) for each in parents]
            if not parents or (all(leads) if node.all_parents else any(leads)):
                order.append(name)
                results[name] = came_to(name)
            else:
                passed_over.add(name)
    failed = any(not went_well and not nodes[name].leads_to(False) for name, went_well in results.items())
    return order, failed
