"""Documents: reading and writing."""
