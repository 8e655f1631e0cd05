"""`openssl s_server` that changes its keys within an answer, and then breaks off: `python -m lab.rekeying PORT`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from types import FrameType

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4000\r\n\r\n"
LINE = b"a line of text\n"
UPDATE = b"K\n"
"""On a line of its own: KeyUpdate with update_requested (openssl-s_server(1), connected commands)."""


def serve(port: str) -> None:
    """One connection; each write is read, and sent, by itself."""
    certs = os.environ["LAB_CERTS"]
    command = ["openssl", "s_server", "-accept", port, "-naccept", "1", "-tls1_3"]
    command += ["-cert", f"{certs}/www.pem", "-key", f"{certs}/www.key", "-keylogfile", os.environ["LAB_KEYS"]]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin is not None
    assert server.stdout is not None

    def end(_: int, frame: FrameType | None) -> None:
        server.kill()
        sys.exit(1)

    signal.signal(signal.SIGTERM, end)
    while not server.stdout.readline().startswith(b"GET "):
        pass
    for said in (HEAD + LINE * 40, UPDATE, LINE * 40, UPDATE, LINE * 40):
        time.sleep(0.1)
        server.stdin.write(said)
        server.stdin.flush()
    time.sleep(0.1)
    server.stdin.close()  # s_server says close_notify and ends
    server.wait()


if __name__ == "__main__":
    serve(sys.argv[1])
