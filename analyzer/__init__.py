"""whyfetch: says why a fetch failed, from a packet capture."""
