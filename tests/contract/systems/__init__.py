"""One file a registered system, called after it: its class ``LabSystem``, see contract/lab_system.py."""
