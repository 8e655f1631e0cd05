"""Where reading a direction of HTTP/2 stands."""

# not compiled: numbers

from __future__ import annotations

OPENING = 0
FRAME = 1
PAYLOAD = 2
LOST = 3
GARBAGE = 4
"""Before the connection preface; in a frame header; in a payload; boundaries unknown; no HTTP/2 at all."""
