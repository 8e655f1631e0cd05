"""HTTP/1.x in plain text: heads, framing, and the pairing of requests with responses."""
