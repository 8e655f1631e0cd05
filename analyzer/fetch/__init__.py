"""What the client tried: connections become fetches with a name, a protocol and phases."""
