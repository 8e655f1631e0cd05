"""A cell: client, router and server in network namespaces of their own, joined by veth pairs.

Every cell uses the same documentation addresses (RFC 5737, RFC 3849); namespaces keep them apart, so that cells run
side by side.

    client c0 192.0.2.10, 2001:db8:1::10 -- r0 router r1 -- [relay m0 m1] -- s0 198.51.100.20, 2001:db8:2::20 server
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from lab.relay import OFFLOADS_OFF, Relay

CLIENT, CLIENT6 = "192.0.2.10", "2001:db8:1::10"
SERVER, SERVER6 = "198.51.100.20", "2001:db8:2::20"
HOSTS = f"""127.0.0.1 localhost
{SERVER} www.lab.example expired.lab.example wrong.lab.example other.lab.example proxy.lab.example mirror.lab.example
{SERVER} registry.lab.example sum.lab.example
{SERVER6} six.lab.example
{SERVER6} dual.lab.example
{SERVER} dual.lab.example
198.51.100.99 gone.lab.example
203.0.113.9 far.lab.example
203.0.113.30 loop.lab.example
2001:db8:3::30 loop6.lab.example
"""
NETNS_ETC = Path("/etc/netns")  # `ip netns exec` mounts its files over /etc, privately (ip-netns(8))
PACKAGE_ROOT = Path(__file__).resolve().parent.parent


def run(argv: Sequence[str], stdin: str | None = None) -> None:
    """Run a set-up command; its error output becomes the exception's text."""
    done = subprocess.run(argv, input=stdin, text=True, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip() or done.stdout.strip()}")


class Cell:
    """Three namespaces (four with a relay), removed on exit together with every process started in them."""

    def __init__(self, label: str, workdir: Path, relay: Relay | None = None, resolv: str = "") -> None:
        self.prefix = f"wf{os.getpid()}-{label}"
        self.workdir = workdir
        self.relay = relay
        self.resolv = resolv
        self.roles = ("client", "router", "server") + (("relay",) if relay else ())
        self.processes: list[subprocess.Popen[str]] = []

    def namespace(self, role: str) -> str:
        return f"{self.prefix}-{role}"

    def __enter__(self) -> Cell:
        try:
            for role in self.roles:
                run(["ip", "netns", "add", self.namespace(role)])
                etc = NETNS_ETC / self.namespace(role)
                etc.mkdir(parents=True)
                (etc / "hosts").write_text(HOSTS)
                if self.resolv and role == "client":
                    (etc / "resolv.conf").write_text(self.resolv)
            self._link("client", "c0", "router", "r0")
            if self.relay:
                self._link("router", "r1", "relay", "m0")
                self._link("relay", "m1", "server", "s0")
            else:
                self._link("router", "r1", "server", "s0")
            self._address()
            if self.relay:
                self.segment("router", "r1")
                self.segment("server", "s0")
                self.python("relay", "lab.relay", *self.relay.arguments(), ready=True)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End what runs here, then remove the namespaces (their veth ends go with them) and their hosts files."""
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for role in self.roles:
            subprocess.run(["ip", "netns", "del", self.namespace(role)], capture_output=True, check=False)
            shutil.rmtree(NETNS_ETC / self.namespace(role), ignore_errors=True)

    def _link(self, role_a: str, name_a: str, role_b: str, name_b: str) -> None:
        peer = ["peer", "name", name_b, "netns", self.namespace(role_b)]
        run(["ip", "link", "add", name_a, "netns", self.namespace(role_a), "type", "veth", *peer])

    def _address(self) -> None:
        for role, devices in (("client", ["c0"]), ("router", ["r0", "r1"]), ("server", ["s0"])):
            # without duplicate address detection an IPv6 address works at once, not after a second of lost SYNs
            self.sysctl(role, *(f"net.ipv6.conf.{device}.accept_dad=0" for device in ("all", *devices)))
        self._ip("client", "c0", "10", f"{CLIENT}/24", f"{CLIENT6}/64")
        self._ip("router", "r0", "01", "192.0.2.1/24", "2001:db8:1::1/64")
        self._ip("router", "r1", "02", "198.51.100.1/24", "2001:db8:2::1/64")
        self._ip("server", "s0", "20", f"{SERVER}/24", f"{SERVER6}/64")
        for role, via, via6 in (
            ("client", "192.0.2.1", "2001:db8:1::1"),
            ("server", "198.51.100.1", "2001:db8:2::1"),
        ):
            lines = f"route add default via {via}\nroute add default via {via6}\n"
            run(["ip", "-n", self.namespace(role), "-batch", "-"], lines)
        if self.relay:
            run(["ip", "-n", self.namespace("relay"), "-batch", "-"], "link set m0 up\nlink set m1 up\n")
        self.sysctl("router", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")

    def _ip(self, role: str, device: str, mac: str, address: str, address6: str) -> None:
        lines = (
            f"link set lo up\nlink set {device} address 02:00:00:00:00:{mac}\nlink set {device} up\n"
            f"addr add {address} dev {device}\naddr add {address6} dev {device} nodad\n"
        )
        run(["ip", "-n", self.namespace(role), "-batch", "-"], lines)

    def command(self, line: str) -> None:
        """`ROLE ARGV...`: run it in the role's namespace."""
        role, *argv = line.split()
        run([*self._in(role), *argv])

    def sysctl(self, role: str, *settings: str) -> None:
        run(["ip", "netns", "exec", self.namespace(role), "sysctl", "-qw", *settings])

    def segment(self, role: str, device: str) -> None:
        """Let the sender make real segments and checksums: length rules and the relay then see what a wire carries."""
        run([*self._in(role), sys.executable, "-c", OFFLOADS_OFF, device])

    def nft(self, role: str, *rules: str) -> None:
        """Add rules; each starts with its hook: `forward tcp dport 443 drop`."""
        lines = ["table inet lab {"]
        for hook in ("input", "forward", "output"):
            body = "\n".join(rule.removeprefix(hook + " ") for rule in rules if rule.startswith(hook + " "))
            lines.append(f"chain {hook} {{ type filter hook {hook} priority 0;\n{body}\n}}")
        run([*self._in(role), "nft", "-f", "-"], "\n".join([*lines, "}"]) + "\n")

    def _in(self, role: str) -> list[str]:
        return ["ip", "netns", "exec", self.namespace(role)]

    def start(self, role: str, argv: Sequence[str], env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """A process in a namespace; its output goes to the work folder. It ends with the cell at the latest."""
        log = self.workdir / f"{len(self.processes)}-{Path(argv[0]).name}.log"
        with log.open("w") as err:
            process = subprocess.Popen(
                [*self._in(role), *argv],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
                cwd=self.workdir,
                env={**os.environ, **(env or {})},
            )
        self.processes.append(process)
        return process

    def python(
        self, role: str, module: str, *arguments: str, ready: bool = False, env: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """A module of this lab in a namespace; with `ready`, wait for its line `ready`."""
        process = self.start(
            role,
            [sys.executable, "-u", "-m", module, *arguments],
            {"PYTHONPATH": str(PACKAGE_ROOT), **(env or {})},
        )
        if ready:
            assert process.stdout is not None
            line = process.stdout.readline()
            if line.strip() != "ready":
                raise RuntimeError(f"{module} {' '.join(arguments)} did not start: {line!r}")
        return process


def stop(process: subprocess.Popen[str]) -> None:
    """End tcpdump as Ctrl-C does, so that it writes its buffer out."""
    process.send_signal(signal.SIGINT)
    process.wait(5)
