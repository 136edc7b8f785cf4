"""Runs of the collection's core against simulated systems in one process, in virtual time: no wire, no Ansible."""
