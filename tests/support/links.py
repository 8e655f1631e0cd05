"""Interfaces that a test makes for itself: a pair of them into a namespace of its own, and tunnels.

Run as a program it sends one frame, given in hexadecimal digits, from the far end of the pair.
"""

import fcntl
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

SUDO = "run the tests with sudo, in a container with --privileged"

TUNSETIFF, TUNSETLINK = 0x400454CA, 0x400454CD
TUN, NO_HEADER = 0x0001, 0x1000


@cache
def no_capture():
    """Why nothing can be captured here, and what would help; "" = it can."""
    if not sys.platform.startswith("linux"):
        return "needs Linux"
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
    except OSError as error:
        return f"needs the right to capture ({error}): {SUDO}"
    return ""


@cache
def no_links():
    """The same of interfaces and namespaces of one's own."""
    if shutil.which("ip") is None:
        return "needs `ip`: apt-get install iproute2"
    try:
        with pair("try"):
            return no_capture()
    except (OSError, subprocess.CalledProcessError) as error:
        return f"needs interfaces and network namespaces of its own ({error}): {SUDO}"


@cache
def no_tunnels():
    """The same of tunnels."""
    try:
        with tun(0xFFFE):
            return no_links()
    except (OSError, subprocess.CalledProcessError) as error:
        return f"needs /dev/net/tun ({error}): {SUDO}, modprobe tun"


def run(*words):
    subprocess.run(words, check=True, capture_output=True)


def inside(namespace, *words):
    run("ip", "netns", "exec", namespace, *words)


@contextmanager
def pair(suffix=""):
    """A veth interface here, 203.0.113.1, whose other end, 203.0.113.2, is in a namespace: (interface, namespace)."""
    name, namespace = f"wf{suffix}{os.getpid()}", f"wf{suffix}{os.getpid()}"
    run("ip", "netns", "add", namespace)
    try:
        connect(name, namespace)
        inside(namespace, "ip", "link", "set", "lo", "up")
        yield name, namespace
    finally:
        subprocess.run(["ip", "link", "del", name], capture_output=True)
        run("ip", "netns", "del", namespace)


def connect(name, namespace):
    """Lay the cable, also once more after it was removed."""
    run("ip", "link", "add", name, "type", "veth", "peer", "name", "inner", "netns", namespace)
    run("sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=1")
    inside(namespace, "sysctl", "-qw", "net.ipv6.conf.inner.disable_ipv6=1")
    inside(namespace, "ip", "address", "add", "203.0.113.2/30", "dev", "inner")
    inside(namespace, "ip", "link", "set", "inner", "up")
    run("ip", "address", "add", "203.0.113.1/30", "dev", name)
    run("ip", "link", "set", name, "up")


@contextmanager
def tun(hardware):
    """A tunnel whose frames the test writes, of some ARPHRD_ type: (interface, descriptor)."""
    name = f"wt{os.getpid()}"
    device = os.open("/dev/net/tun", os.O_RDWR)
    try:
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), TUN | NO_HEADER))
        fcntl.ioctl(device, TUNSETLINK, hardware)
        run("sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=1")
        run("ip", "link", "set", name, "up")
        yield name, device
    finally:
        os.close(device)


def datagrams(port, count, size=100, address="127.0.0.1", first=0):
    """UDP datagrams, numbered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(first, first + count):
            sender.sendto(number.to_bytes(4, "big") + b"w" * (size - 4), (address, port))


def numbers(frames):
    """The numbers in datagrams of IPv4 over Ethernet."""
    return [int.from_bytes(data[42:46], "big") for data in frames]


def collect(frames, count, seconds=5.0, meanwhile=lambda: None):
    """The bytes of frames until `count` came, or time is up."""
    found, until = [], time.monotonic() + seconds
    while len(found) < count and time.monotonic() < until:
        if frames.advance():
            found.append(frames.data[frames.start : frames.start + frames.captured])
        elif not frames.idle:
            break
        meanwhile()
    return found


if __name__ == "__main__":
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as far:
        far.bind(("inner", 0))
        far.send(bytes.fromhex(sys.argv[1]))


def wait_until_captures(pid: int) -> None:
    """Until what passes it will see: it, or a child, has a packet socket that is bound, and it is done with preparing.

    What a socket received before its filter was there is thrown away; SIGTERM is taken only after that.
    """
    until = time.monotonic() + 60
    while not (takes(pid, signal.SIGTERM) and captures(pid)):
        assert time.monotonic() < until, "it does not capture"
        assert Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z", "it ended"
        time.sleep(0.02)


def takes(pid: int, number: int) -> bool:
    """Whether it has a handler of its own for a signal."""
    caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
    return caught is not None and bool(int(caught[1], 16) >> (number - 1) & 1)


def captures(pid: int) -> bool:
    """Whether a packet socket of it is bound: `R` and the inode in /proc/net/packet."""
    rows = [row.split() for row in Path(f"/proc/{pid}/net/packet").read_text().splitlines()[1:]]
    bound = {f"socket:[{row[8]}]" for row in rows if row[5] == "1"}
    return any(link in bound for one in family(pid) for link in open_files(one))


def family(pid: int) -> list[int]:
    """The process, its children, and theirs."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            found += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
    return found


def open_files(pid: int) -> list[str]:
    """What the file descriptors of a process are."""
    links = []
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                links.append(str(descriptor.readlink()))
    return links
