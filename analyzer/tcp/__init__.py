"""What an endpoint does with segments, seen from outside (RFC 9293): roles, acceptance, accounting, reassembly."""
