# not compiled: runs once a capture
"""Which source captures: the best one that works here, or the one that `--source` names."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec

from analyzer.capture.live import rights
from analyzer.capture.live.source import Source
from analyzer.errors import SourceError, UsageError, how_to_install

PATIENCE_S = 5
"""Seconds for dumpcap or tcpdump to tell whether it may open an interface; it takes them some hundredths."""

SOL_PACKET, PACKET_VERSION, TPACKET_V3 = 263, 10, 2
"""linux/if_packet.h."""

ETH_P_NONE = 0
"""A packet socket of no protocol: it takes the same right to open, and receives nothing (packet(7))."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Whether a source works here.

    name    what `--source` calls it, what: in a few words
    reason  why it does not work here, "" = it does
    hint    how to make it work
    forbidden  what lacks is a right, nothing else
    """

    name: str
    what: str
    reason: str = ""
    hint: str = ""
    forbidden: bool = False


def _ring() -> tuple[str, str, bool]:
    if sys.platform != "linux":
        return "only Linux has it", "", False
    try:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, ETH_P_NONE) as probe:
            probe.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V3)
    except PermissionError:
        return "no right to capture", rights.how_to_get(), True
    except OSError as error:
        return (
            f"the kernel has no TPACKET_V3: {(error.strerror or str(error)).lower()}",
            "a kernel of 3.2 or later",
            False,
        )
    return "", "", False


def _dumpcap() -> tuple[str, str, bool]:
    return _child("dumpcap", ["dumpcap", "-L", "-i", _some_interface()])


def _tcpdump() -> tuple[str, str, bool]:
    return _child("tcpdump", ["tcpdump", "-L", "-i", _some_interface()])


def _child(name: str, command: list[str]) -> tuple[str, str, bool]:
    """Let it list the link types of an interface, for which it has to open it."""
    if sys.platform == "win32":
        return "not on Windows: its pipes cannot be waited for", "", False
    if shutil.which(name) is None:
        return "not installed", INSTALL[name], False
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=PATIENCE_S,
            env={**os.environ, "LC_ALL": "C"},
        )
    except PermissionError:
        return "no right to run it", IN_GROUP[name](), True
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"it does not run: {error}", "", False
    if done.returncode == 0:
        return "", "", False
    said = next((line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()), "")
    if "permi" in said.lower() or "permitted" in said.lower():
        return "no right to capture", IN_GROUP[name](), True
    return f"it does not capture: {said.strip()}", "", False


def _scapy() -> tuple[str, str, bool]:
    from analyzer.capture.live.raw import scapy

    if find_spec("scapy") is None:
        return "not installed", how_to_install("scapy"), False
    conf, problem = scapy()
    if conf is None:
        return problem, "", False
    if sys.platform == "linux":
        reason, hint, forbidden = _ring()
        return (reason, hint, True) if forbidden else ("", "", False)
    try:
        conf.L2listen(iface=conf.iface, promisc=False).close()
    except Exception as error:  # scapy raises its own and the system's errors
        return f"no socket: {error}", rights.how_to_get(), "ermi" in str(error)
    return "", "", False


def _some_interface() -> str:
    """An interface to try it with; the loopback interface is the first nearly everywhere."""
    with suppress(OSError):
        return min(socket.if_nameindex())[1]
    return "1"


def _wireshark_group() -> str:
    """How Debian's dumpcap is used without root: what Wireshark's own documentation recommends."""
    return "`sudo dpkg-reconfigure wireshark-common`, then `sudo usermod -aG wireshark $USER` and a new login"


INSTALL = {
    "dumpcap": "`apt-get install wireshark-common` or `tshark`; on macOS and Windows with Wireshark",
    "tcpdump": "`apt-get install tcpdump`",
}
IN_GROUP: dict[str, Callable[[], str]] = {"dumpcap": _wireshark_group, "tcpdump": rights.how_to_get}

SOURCES: dict[str, tuple[str, Callable[[], tuple[str, str, bool]]]] = {
    "ring": ("memory-mapped packet ring of Linux (TPACKET_V3)", _ring),
    "dumpcap": ("Wireshark's capture program as a child", _dumpcap),
    "tcpdump": ("tcpdump as a child", _tcpdump),
    "scapy": ("scapy's listening sockets", _scapy),
}
"""All sources, best first."""


def probe(name: str) -> Probe:
    """Whether the source works here, and if not, why."""
    what, tried = SOURCES[name]
    return Probe(name, what, *tried())


def choose(name: str = "", several: bool = False) -> Source:
    """The source called `name`, or the best one that works; SourceError with what to do when there is none.

    `several` interfaces are too many for tcpdump.
    """
    if name and name not in SOURCES:
        raise UsageError(f"no source is called `{name}`", f"`--source` takes {', '.join(SOURCES)}")
    probes: list[Probe] = []
    for candidate in [name] if name else [other for other in SOURCES if other != "tcpdump" or not several]:
        found = probe(candidate)
        if not found.reason:
            return _make(candidate)
        probes.append(found)
    if name:
        raise SourceError(f"`{name}` cannot capture here: {found.reason}", found.hint or "`whyfetch doctor` tells more")
    lacking = next((found for found in probes if found.forbidden), None)
    if lacking is not None:
        raise SourceError("no right to capture", lacking.hint)
    reasons = "; ".join(f"{found.name}: {found.reason}" for found in probes)
    raise SourceError(f"nothing can capture here ({reasons})", "`whyfetch doctor` tells how to get it")


def _make(name: str) -> Source:
    if name == "ring":
        from importlib import import_module

        ring: Source = import_module("analyzer.capture.live.ring").RingSource()
        return ring
    if name == "scapy":
        from analyzer.capture.live.raw import ScapySource

        return ScapySource()
    from analyzer.capture.live.child import ChildSource

    return ChildSource(name)
