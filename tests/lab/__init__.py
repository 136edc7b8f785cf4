"""The embedded lab: simulated Windows hosts, SQL Server and REST systems that speak the real protocols."""
