"""What is on the wire: packets, connections, byte streams, TLS, HTTP. Knows no file, screen or library."""
