"""Makes the recordings beside this file, with `openssl` (3.0): what Python's `ssl` cannot be made to say.

python tests/keys/recorded/make.py

Each is a text: how it was made, the records in the order of the wire (`>` from the client, `<` from the server), and
the key log. Another run makes others that say the same.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).parent
ASK = "GET /a HTTP/1.1\n"
REQUEST = "GET /{} HTTP/1.1\r\nHost: lab.example\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
"""What a server says that has no options -rev, when something is typed at the client, or EARLY was sent."""
MADE = {
    "aes128-gcm": ("-tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256", "", [ASK]),
    "aes256-gcm": ("-tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384", "", [ASK]),
    "chacha20": ("-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256", "", [ASK]),
    "ccm": ("-tls1_3 -ciphersuites TLS_AES_128_CCM_SHA256", "-ciphersuites TLS_AES_128_CCM_SHA256", [ASK]),
    "ccm8": ("-tls1_3 -ciphersuites TLS_AES_128_CCM_8_SHA256", "-ciphersuites TLS_AES_128_CCM_8_SHA256", [ASK]),
    "padding": ("-tls1_3 -record_padding 256", "-record_padding 512", [ASK]),
    "retry": ("-tls1_3 -groups X25519:P-256", "-groups P-256", [ASK]),
    "key-update": ("-tls1_3", "", [ASK, "k\n", "b\n", "K\n", "c\n", "k\n", "d\n"]),
    "renegotiation": (
        "-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256",
        "-client_renegotiation",
        [ASK, "R\n", "after\n"],
    ),
    "renegotiation-cbc": ("-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA", "-client_renegotiation", [ASK, "R\n", "after\n"]),
    "early-data": ("-tls1_3 -early_data EARLY", "-early_data", []),
    "early-data-rejected": ("-tls1_3 -early_data EARLY", "-early_data REJECT", [REQUEST.format("again")]),
    "mutual": ("-tls1_3 -cert CERT -key KEY", "-Verify 1", [ASK]),
}
"""By name: options of the client and of the server, and what is typed at the client."""


def run() -> None:
    """All, or those that are named."""
    for name in sys.argv[1:] or MADE:
        with tempfile.TemporaryDirectory() as folder:
            text = recorded(Path(folder), *MADE[name])
        (HERE / f"{name}.txt").write_text(text)
        sys.stdout.write(f"{name}: {len(text):,} bytes\n")


def recorded(folder: Path, client: str, server: str, typed: list[str]) -> str:
    """One of them."""
    key, certificate, early = folder / "key.pem", folder / "cert.pem", folder / "early"
    certify(key, certificate)
    early.write_bytes(REQUEST.format("early").encode())
    reject = "REJECT" in server  # by a server that does not know the ticket
    for name, path in (("EARLY", early), ("CERT", certificate), ("KEY", key)):
        client = client.replace(name, str(path))
    server = server.replace("REJECT", "")
    command = f"openssl s_server -accept 127.0.0.1:0 -naccept 9 -cert {certificate} -key {key} -rev {server}".split()
    if "-early_data" in command:  # not with -rev
        command.remove("-rev")
    arguments = client.split()
    ticket = folder / "ticket"
    if "-early_data" in arguments:
        at = arguments.index("-early_data")
        first = arguments[:at] + arguments[at + 2 :]
        with Server(command, folder) as running:
            speak(running, [*first, "-sess_out", str(ticket)], [ASK], folder)
            if not reject:
                (folder / "keys").unlink(missing_ok=True)
                return told(client, server, typed, speak(running, [*arguments, "-sess_in", str(ticket)], typed, folder))
        (folder / "keys").unlink(missing_ok=True)
    with Server(command, folder) as running:
        more = ["-sess_in", str(ticket)] if ticket.exists() else []
        return told(client, server, typed, speak(running, [*arguments, *more], typed, folder))


def told(client: str, server: str, typed: list[str], text: str) -> str:
    """With how it was made above it."""
    version = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout.split("(")[0]

    def plain(options: str) -> str:
        return " ".join(Path(word).name for word in options.split())

    return f"# {version.strip()}: s_client {plain(client)}; s_server {plain(server)}; typed: {typed}\n{text}"


def certify(key: Path, certificate: Path) -> None:
    """A key and a certificate."""
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=lab.example"
    subprocess.run([*command.split(), "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)


class Server:
    """A server while it is needed, and its port."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.command, self.folder = command, folder

    def __enter__(self) -> Server:
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.PIPE, cwd=self.folder
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(b"ACCEPT "):
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                self.port = int(line.rpartition(b":")[2])
                return self
        raise OSError("the server did not begin")

    def answer(self) -> None:
        """Say what is to be said, unless it says everything by itself."""
        if "-rev" not in self.command and self.process.stdin is not None:
            self.process.stdin.write(ANSWER)
            self.process.stdin.flush()
            time.sleep(0.3)

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()


def speak(server: Server, options: list[str], typed: list[str], folder: Path) -> str:
    """A client through a relay, and what was said."""
    keys = folder / "keys"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        relay = Relay(listening, server.port)
        command = [
            "openssl",
            "s_client",
            "-connect",
            f"127.0.0.1:{listening.getsockname()[1]}",
            "-keylogfile",
            str(keys),
        ]
        process = subprocess.Popen(
            [*command, *options], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert process.stdin is not None
        time.sleep(0.4)
        for line in typed:
            process.stdin.write(line.encode())
            process.stdin.flush()
            time.sleep(0.3)
        server.answer()
        process.stdin.write(b"Q\n")
        process.stdin.flush()
        process.wait(timeout=5)
        relay.close()
    log = [line for line in keys.read_text().splitlines() if not line.startswith("#")]
    return "\n".join([*relay.lines, *log, ""])


class Relay:
    """Carries bytes both ways, and writes down the records."""

    def __init__(self, listening: socket.socket, port: int) -> None:
        self.lines: list[str] = []
        self.kept = [b"", b""]
        self.listening, self.port = listening, port
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.begin)
        self.thread.start()

    def begin(self) -> None:
        """The one connection."""
        near, _ = self.listening.accept()
        with near, socket.create_connection(("127.0.0.1", self.port)) as far:
            back = threading.Thread(target=self.carry, args=(far, near, "<"))
            back.start()
            self.carry(near, far, ">")
            back.join()

    def carry(self, source: socket.socket, target: socket.socket, mark: str) -> None:
        """One direction, to its end."""
        try:
            while data := source.recv(65536):
                with self.lock:
                    self.note(mark, data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def note(self, mark: str, data: bytes) -> None:
        """Whole records become lines."""
        at = mark == "<"
        self.kept[at] += data
        while len(self.kept[at]) >= 5:
            end = 5 + int.from_bytes(self.kept[at][3:5], "big")
            if len(self.kept[at]) < end:
                break
            self.lines.append(f"{mark} {self.kept[at][:end].hex()}")
            self.kept[at] = self.kept[at][end:]

    def close(self) -> None:
        """It is over."""
        self.thread.join(timeout=5)


if __name__ == "__main__":
    assert shutil.which("openssl")
    run()
