"""REST servers of the lab."""
