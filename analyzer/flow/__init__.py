"""Tables of connections: whose packet this is, and whether it was captured twice."""
