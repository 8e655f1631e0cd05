"""Advice, and words of clients, that depend on more than the cause."""

from __future__ import annotations

# not compiled: words only
UNHEARD = (
    "Find who closed after exactly that long, and whether the request arrives: capture at the server, which may know "
    "nothing of it."
)
"""Advice where the client left before its request was acknowledged."""
FORGOTTEN = (
    "Something on the way forgot the idle connection: let the client close it sooner, or send TCP keep-alives, below "
    "the shortest idle timer on the path (60 s AWS ELB, 240 s Azure, 350 s AWS NLB and NAT gateway, 600 s and 1200 s "
    "Google Cloud); a good client tries again on a new connection."
)
"""Advice where a connection had been idle before its next request was lost."""
LOST = (
    "The server answered, and its log shows that; the answer was lost on the way: test the path MTU (`ping -M do -s "
    "1472`) both ways, lower the MTU or clamp the MSS at the tunnel, look for filtered ICMP 3/4, and capture at both "
    "ends."
)
"""Advice where a response was sent and never arrived."""
CUT_UPLOAD = (
    "the status itself, or, when the upload is cut first: Go: `write: broken pipe`, `connection reset by peer`; curl "
    "(55, 56): `Send failure`, `Recv failure`; Python: `BrokenPipeError`, `ConnectionResetError`; Node: `EPIPE`, "
    "`ECONNRESET`; Java: `Broken pipe`, `Connection reset`"
)
"""What clients print of an answer that comes before their upload is over."""
