"""A small AWX: its API as far as a setup needs it, and what it hands to ansible-runner for a job."""

from lab.awx.server import Awx

__all__ = ["Awx"]
