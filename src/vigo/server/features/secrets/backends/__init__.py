"""Where secrets can be kept; each passes tests/contracts."""
