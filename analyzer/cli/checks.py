"""What works on this machine, and how to get the rest: what `whyfetch doctor` says."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from analyzer.errors import how_to_install

PATIENCE_S = 5
"""Seconds for a program to tell its version."""

NET_ADMIN, NET_RAW = 12, 13
"""Bits of a set of capabilities (linux/capability.h)."""

ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"

COMPRESSED = {
    "gz": ("zlib", "Python's own; this Python was built without"),
    "bz2": ("bz2", "Python's own; this Python was built without"),
    "xz": ("lzma", "Python's own; this Python was built without"),
    "zst": (ZSTD, f"`pip install {ZSTD}`"),
    "lz4": ("lz4", how_to_install("lz4")),
}
"""Compressed captures, and the module that each takes."""

PACKAGES = {
    "pandas": ("data frames: `whyfetch.classify()`", how_to_install("pandas")),
    "pyarrow": ("`--format parquet`", how_to_install("parquet")),
    "cryptography": ("reading inside TLS, with a key log", how_to_install("decrypt")),
    "hpack": ("`whyfetch case` of HTTP/2 in plain text", "`pip install hpack`"),
    "scapy": ("rare link types, and a source", how_to_install("scapy")),
    "pyshark": ("`--check` and `--second-opinion`, with tshark", how_to_install("tshark")),
    "jinja2": ("pages: `whyfetch report`", how_to_install("report")),
}
"""Python packages, what each is for, and how to get it."""

PROGRAMS = {
    "tshark": (["tshark", "--version"], "`--check` and `--second-opinion`", "`apt-get install tshark`"),
    "nft": (["nft", "--version"], "looking at the tables of `whyfetch run`", "`apt-get install nftables`"),
}
"""Programs that are asked for their version, what each is for, and how to get it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that works or does not.

    area    what it belongs to; name: what it is called
    detail  what it is, or why it does not work
    hint    how to get it, "" = it works, or cannot be got
    """

    area: str
    name: str
    works: bool
    detail: str
    hint: str = ""


def checks() -> list[Check]:
    """Everything, in the order in which it is shown."""
    return [engine(), python(), kernel(), rights(), *sources(), *ownership(), *formats(), *programs(), *packages()]


def engine() -> Check:
    """Whether the hot modules are compiled."""
    from analyzer.version import engine

    if engine() == "compiled":
        return Check("here", "engine", True, "compiled")
    hint = "a C compiler and Python's headers (`apt-get install gcc python3-dev`), then install whyfetch again"
    return Check("here", "engine", True, "interpreted: slower, with the same results", hint)


def python() -> Check:
    """The interpreter."""
    return Check("here", "python", True, f"{platform.python_version()}, {sys.executable}")


def kernel() -> Check:
    """The operating system, and whether it is a container's."""
    from analyzer.capture.live.rights import container

    inside = {"": "", "docker": ", in a container", "kubernetes": ", in a Kubernetes pod"}[container()]
    return Check("here", "kernel", True, f"{platform.system()} {platform.release()} {platform.machine()}{inside}")


def rights() -> Check:
    """Who we are, and what of the right to capture we have."""
    from analyzer.capture.live.rights import caller, how_to_get

    if not hasattr(os, "geteuid"):
        return Check("here", "rights", True, "as Npcap was installed")
    who = "root" if os.geteuid() == 0 else f"user {os.geteuid()}"
    through = caller()
    if through is not None:
        who += f", through sudo by {through.name}"
    if sys.platform != "linux":
        return Check("here", "rights", os.geteuid() == 0, who, "" if os.geteuid() == 0 else how_to_get())
    held = _capabilities()
    names = [
        f"{name} {'yes' if held >> bit & 1 else 'no'}" for name, bit in (("NET_RAW", NET_RAW), ("NET_ADMIN", NET_ADMIN))
    ]
    works = bool(held >> NET_RAW & 1)
    return Check("here", "rights", works, f"{who}; {', '.join(names)}", "" if works else how_to_get())


def _capabilities() -> int:
    """The effective set (proc_pid_status(5))."""
    with suppress(OSError, ValueError):
        found = re.search(r"^CapEff:\s*([0-9a-f]+)", Path("/proc/self/status").read_text(), re.MULTILINE)
        return int(found[1], 16) if found else 0
    return 0


def sources() -> list[Check]:
    """What can capture, best first."""
    from analyzer.capture.live.choose import SOURCES, probe

    found = [probe(name) for name in SOURCES]
    best = next((one.name for one in found if not one.reason), "")
    return [
        Check(
            "sources",
            one.name,
            not one.reason,
            one.reason or one.what + (", the default here" if one.name == best else ""),
            one.hint,
        )
        for one in found
    ]


def ownership() -> list[Check]:
    """What `whyfetch run` needs to tell COMMAND's fetches from those of others."""
    if sys.platform != "linux":
        return [Check("run", "cgroup", False, "only Linux has it: fetches are told by their time")]
    from analyzer.process.levels import trial

    first = cgroup()
    reason = trial() if first.works else "it takes a cgroup"
    detail = f"{reason}: polling and time are left" if reason else "a table was loaded and taken away again"
    return [first, Check("run", "nftables", not reason, detail, "run it as root" if "takes root" in reason else "")]


def cgroup() -> Check:
    """The versions of cgroups, and whether one of version 2 can be made: proc_pid_mountinfo(5)."""
    mounts: list[tuple[str, str]] = []
    with suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_text(errors="replace").splitlines():
            fields, _, kind = line.partition(" - ")
            if kind.startswith(("cgroup ", "cgroup2 ")):
                mounts.append((kind.split(" ")[0], fields.split(" ")[4]))
    where = next((folder for kind, folder in mounts if kind == "cgroup2"), "")
    if not where:
        told = "version 1 alone is mounted" if mounts else "none is mounted"
        return Check("run", "cgroup", False, told, "`sudo mount -t cgroup2 none DIRECTORY`")
    told = f"version 2 at {where}" + (", beside version 1" if len(mounts) > 1 else "")
    if not os.access(where, os.W_OK):
        return Check(
            "run", "cgroup", False, f"{told}, not writable", "run it as root; in a container, docs/capturing.md"
        )
    return Check("run", "cgroup", True, told)


def _installed(module: str) -> bool:
    """Without importing it, which takes long for some."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package that it belongs to
        return False


def formats() -> list[Check]:
    """What can be read: plain captures always."""
    found = [Check("reads", name, True, "always") for name in ("pcap", "pcapng")]
    for name, (module, hint) in COMPRESSED.items():
        works = _installed(module)
        found.append(Check("reads", name, works, module if works else f"no module {module}", "" if works else hint))
    return found


def programs() -> list[Check]:
    """Programs that help, and their versions."""
    found = []
    for name, (command, purpose, hint) in PROGRAMS.items():
        if shutil.which(name) is None:
            found.append(Check("programs", name, False, f"not installed; for {purpose}", hint))
            continue
        told = ""
        with suppress(OSError, subprocess.SubprocessError):
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S)
            numbers = re.search(r"\d+(\.\d+)+", done.stdout)
            told = numbers[0] if numbers else ""
        works = bool(told)
        found.append(Check("programs", name, works, told or f"does not run; for {purpose}", "" if works else hint))
    return found


def packages() -> list[Check]:
    """Python packages, told without importing them."""
    found = []
    for name, (purpose, hint) in PACKAGES.items():
        if not _installed(name):
            found.append(Check("packages", name, False, f"not installed; for {purpose}", hint))
            continue
        number = "?"
        with suppress(PackageNotFoundError):
            number = version(name)
        found.append(Check("packages", name, True, f"{number}, for {purpose}"))
    return found
