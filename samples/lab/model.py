"""What a scenario is: who speaks to whom, what goes wrong, where it is captured, what is true by construction."""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.relay import Relay

Argv = tuple[str, ...]
NO_NEIGHBOURS = "tcp or icmp or (icmp6 and ip6[40] < 128)"  # errors yes, echo and neighbour discovery no


@dataclass(frozen=True)
class Row:
    """One fetch: class, cause ("" for ok and incomplete), the host on the wire ("" if none), what is missing."""

    klass: str
    cause: str = ""
    name: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Capture:
    """Where and how tcpdump listens. Seconds count from the start of the first client.

    at       client | server | router; device: c0, s0, r0, r1 or any
    form     pcap | nano.pcapng | keys.pcapng (TLS keys are in it) | pcap.gz | rotated (a folder, a file each second)
    keys     client | server: whose key log, where there are keys
    linger   how long it goes on after the last client has ended
    stop     when it ends although clients still run (0 = never)
    """

    at: str = "client"
    device: str = "c0"
    filter: str = NO_NEIGHBOURS
    options: tuple[str, ...] = ()
    form: str = "pcap"
    keys: str = "client"
    start: float = 0.0
    stop: float = 0.0
    linger: float = 0.4


@dataclass(frozen=True)
class Scenario:
    """A sample to be made; its folder is the class of its first failure, else of its last row.

    servers  (behaviour of lab.servers, port)
    commands other programs to run at the server
    tls      what nginx, Node's servers and lab.servers on port 443 speak, "" = nginx 1.2 and 1.3, the others none
    faults   nftables rules `ROLE HOOK RULE`
    resolv   the client's /etc/resolv.conf; with one, lab.resolver answers at the server
    setup    commands `ROLE ARGV...` that change a host before anything starts (a route, a sysctl)
    segment  roles whose network cards split segments themselves: a length rule then sees packets as a wire carries them
    """

    name: str
    rows: tuple[Row, ...]
    how: str
    clients: tuple[Argv, ...]
    servers: tuple[tuple[str, int], ...] = ()
    commands: tuple[Argv, ...] = ()
    tls: str = ""
    nginx: bool = False
    faults: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    relay: Relay | None = None
    segment: tuple[str, ...] = ()
    resolv: str = ""
    capture: Capture = field(default_factory=Capture)

    @property
    def path(self) -> str:
        """Where it lies below samples/."""
        form = self.capture.form.removeprefix("nano.").removeprefix("keys.")
        suffix = "" if form == "rotated" else f".{form}"
        failed = [row.klass for row in self.rows if row.klass not in ("ok", "incomplete")]
        return f"{(failed or [self.rows[-1].klass])[0]}/{self.name}{suffix}"
