"""The cluster: nodes, and on each AOS node one instance of fabric:/AXSF/AXService.

An instance takes the maintenance flag over from the database when its process starts, and runs with that until it is
started again. Its life is Down (the process has ended), InBuild (the process runs and synchronises the database),
Ready (it has endpoints). How long each lasts on a real cluster, and that all instances restart at once, is a guess.
"""

from __future__ import annotations

import asyncio
import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from lab.clock import Clock
from lab.sql import SqlError
from lab.windows.host import WindowsHost

AOS_TYPES = ("AOSNodeType", "BatchOnlyAOSNodeType", "InteractiveOnlyAOSNodeType")
IMAGE = "AXService.exe"

DOWN = "Down"
IN_BUILD = "InBuild"
READY = "Ready"


@dataclass
class Node:
    """A machine of the cluster. ``host`` is None for one that nobody signs in to (an orchestrator, for example)."""

    name: str
    type: str
    address: str
    host: WindowsHost | None = None
    seed: bool = False
    up: bool = True
    changed_at: float = 0.0
    when_changed: list[Callable[[bool], None]] = field(default_factory=list)  # told whether it is up

    @property
    def runs_aos(self) -> bool:
        """Whether an AOS is placed on it."""
        return self.type in AOS_TYPES


@dataclass
class InstanceFaults:
    """What goes wrong with one AOS; a test sets it."""

    stays_down: bool = False  # ends and does not start again
    never_ready: bool = False  # stays InBuild, as with a database synchronisation that hangs
    extra_build: float = 0.0  # seconds that it comes back later than usual
    unhealthy: bool = False  # is Ready and reports an error


class Instance:
    """The AOS of one node. ``maintenance_mode`` is what it runs with, None while it does not run."""

    def __init__(self, cluster: Cluster, node: Node) -> None:
        self.cluster = cluster
        self.node = node
        self.faults = InstanceFaults()
        self.id = ""
        self.status = DOWN
        self.maintenance_mode: bool | None = None
        self.started_at: float | None = None
        self.build_took = 0.0
        self.starts = 0
        self.pid = 0
        self._life: asyncio.Task[None] | None = None

    @property
    def healthy(self) -> bool:
        """Ready and without an error."""
        return self.status == READY and not self.faults.unhealthy

    def boot(self) -> None:
        """The cluster was switched on some time ago: what can run is up."""
        if self._start():
            self.status = READY
        else:
            self.restart()

    def restart(self) -> None:
        """End the process; Service Fabric starts a new one."""
        self._end()
        self._life = asyncio.get_running_loop().create_task(self._come_back())

    def remove(self) -> None:
        """The node has gone, and everything on it."""
        self._end()

    def _end(self) -> None:
        if self._life is not None:
            self._life.cancel()
            self._life = None
        if self.pid and self.node.host is not None:
            self.node.host.processes.end(self.pid)
        self.pid = 0
        self.status = DOWN
        self.maintenance_mode = None
        self.started_at = None

    async def _come_back(self) -> None:
        clock = self.cluster.clock
        await clock.sleep(self.cluster.down_seconds)
        while self.faults.stays_down or not self._start():
            await clock.sleep(self.cluster.retry_seconds)
        self.status = IN_BUILD
        if self.faults.never_ready:
            await asyncio.Event().wait()
        self.build_took = self.cluster.build_seconds + self.faults.extra_build
        await clock.sleep(self.build_took)
        self.status = READY

    def _start(self) -> bool:
        """Start the process; without its database it ends at once."""
        try:
            value = self.cluster.read_flag()
        except SqlError as error:
            if self.node.host is not None:
                self.node.host.log_event("Dynamics Server", f"The AOS could not start: {error.message}")
            return False
        self.maintenance_mode = value is not None and value.strip() == "1"
        self.starts += 1
        self.started_at = self.cluster.clock.time()
        self.id = self.cluster.next_instance_id()
        if self.node.host is not None:
            process = self.node.host.processes.start(
                IMAGE, self.cluster.service_account, memory=2_104_332, on_kill=self.restart
            )
            self.pid = process.pid
        return True


class Cluster:
    """The cluster as a whole.

    ``read_flag`` asks the database for CONFIGURATIONMODE's value: None where the row is missing, SqlError where the
    database can't be read. Everything that changes it has to be called on the lab's event loop.
    """

    def __init__(self, name: str, nodes: list[Node], clock: Clock, read_flag: Callable[[], str | None]) -> None:
        self.name = name
        self.nodes = {node.name: node for node in nodes}
        self.clock = clock
        self.read_flag = read_flag
        self.service_account = r"CONTOSO\svc-AXSF$"
        self.instances = {node.name: Instance(self, node) for node in nodes if node.runs_aos}
        self.partition_id = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.AXService"))
        self.application_deployed = True
        self.down_seconds = 4.0
        self.build_seconds = 45.0
        self.retry_seconds = 5.0
        self._instance_ids = 132_000_000_000_000_000 + zlib.crc32(name.encode())

    def next_instance_id(self) -> str:
        """Return an id that no instance had."""
        self._instance_ids += 1
        return str(self._instance_ids)

    @property
    def placed(self) -> list[Instance]:
        """The instances on nodes that are up."""
        return [instance for instance in self.instances.values() if instance.node.up]

    def restart_all(self) -> None:
        """Restart every AOS, all at the same time."""
        for instance in self.placed:
            instance.restart()

    async def start(self) -> None:
        """Switch the nodes on."""
        for node in self.nodes.values():
            if node.host is not None:
                await node.host.start()
        self._boot()

    async def boot_without_network(self) -> None:
        """Instead of ``start``, for a simulation within one process (see ``WindowsHost``)."""
        for node in self.nodes.values():
            if node.host is not None:
                await node.host.boot_without_network()
        self._boot()

    def _boot(self) -> None:
        for node in self.nodes.values():
            node.changed_at = self.clock.time()
        for instance in self.placed:
            instance.boot()

    async def stop(self) -> None:
        """Switch the nodes off."""
        for instance in self.instances.values():
            instance.remove()
        for node in self.nodes.values():
            if node.host is not None:
                await node.host.stop()

    async def lose_node(self, name: str) -> None:
        """A node dies: it is Down, its AOS is gone."""
        node = self.nodes[name]
        node.up = False
        node.changed_at = self.clock.time()
        if name in self.instances:
            self.instances[name].remove()
        for tell in node.when_changed:
            tell(False)

    async def bring_node_back(self, name: str) -> None:
        """A lost node is up again and starts its AOS."""
        node = self.nodes[name]
        node.up = True
        node.changed_at = self.clock.time()
        if name in self.instances:
            self.instances[name].restart()
        for tell in node.when_changed:
            tell(True)
