"""The F&O URL of a cluster: what the load balancer in front of the interactive AOS instances answers."""

from __future__ import annotations

import ssl
from pathlib import Path

from aiohttp import web

from lab.servicefabric.cluster import READY, Cluster

PATH = "/namespaces/AXSF/"
SIGN_IN = "https://adfs.contoso.com/adfs/ls/?wa=wsignin1.0"


class Frontend:
    """Answers as any Ready instance does; 503 while there is none [G: a load balancer may refuse instead]."""

    def __init__(self, cluster: Cluster, address: str, port: int, tls: tuple[Path, Path]) -> None:
        self.cluster = cluster
        self.address = address
        self.port = port
        self.tls = tls
        self.requests = 0
        self._runner: web.ServerRunner | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"https://{self.address}:{self.port}{PATH}"

    async def start(self) -> None:
        """Listen; ``port`` is the real one afterwards."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*self.tls)
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None))
        await self._runner.setup()
        await web.TCPSite(self._runner, self.address, self.port, ssl_context=context).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests += 1
        status = status_of(self.cluster, request.path)
        if status == 503:
            return web.Response(status=503, text="<h2>Service Unavailable</h2>", content_type="text/html")
        if status == 500:
            return web.Response(status=500, text="Server Error in '/namespaces/AXSF' Application.")
        return web.Response(status=status, headers={"Location": SIGN_IN} if status == 302 else {})


def status_of(cluster: Cluster, path: str) -> int:
    """The HTTP status that somebody without a session gets."""
    if not path.lower().startswith(PATH.lower().rstrip("/")):
        return 404
    ready = [each for each in cluster.placed if each.status == READY and "BatchOnly" not in each.node.type]
    if not ready:
        return 503
    return 500 if all(each.faults.unhealthy for each in ready) else 302
