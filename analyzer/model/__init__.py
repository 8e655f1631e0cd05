"""What was found in a capture: connections with their sides and milestones, TLS handshakes, requests. Data alone."""
