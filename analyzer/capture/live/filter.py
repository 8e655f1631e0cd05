# not compiled: runs once a capture
"""Capture filters: libpcap's language (pcap-filter(7)) into programs for the kernel (classic BPF, linux/filter.h).

Compiled before anything is captured, by libpcap itself, or by `tcpdump` where its library is not there.
"""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from analyzer.capture.live.interfaces import COOKED, ETHERNET, LOOPBACK, RAW_IP
from analyzer.errors import SourceError

Instruction = tuple[int, int, int, int]
"""struct sock_filter: code, jump if true, jump if false, operand."""

LIBRARIES = ("libpcap.so.1", "libpcap.so.0.8", "libpcap.so", "libpcap.A.dylib", "wpcap.dll")
"""Names of the library: everywhere, on Debian, of development packages, on macOS, on Windows with Npcap."""

DLT = {RAW_IP: 12, COOKED: 113}
"""Link types that libpcap's compiler numbers otherwise than the registry does; cooked frames are compiled for as
LINKTYPE_LINUX_SLL and then mended (`_anywhere`), as libpcap does for them itself (fix_offset in pcap-linux.c)."""
NAMES = {ETHERNET: "EN10MB", RAW_IP: "RAW", COOKED: "LINUX_SLL", 105: "IEEE802_11", 119: "PRISM_HEADER"}
NAMES[127] = "IEEE802_11_RADIO"

MOST = 4096 - 256
"""Instructions: BPF_MAXINSNS of the kernel, less those that `guard` puts in front."""

UNKNOWN_NETMASK = 0xFFFFFFFF
SYNTAX = "syntax error"
STOP = " ::300.300.300.300"
"""libpcap's scanner says `bogus IPv6 address` when it comes to this: the parser has then taken all that is before."""

ANCILLARY = 0xFFFFF000
NETWORK = 0xFFF00000
"""SKF_AD_OFF, SKF_NET_OFF: what the kernel knows of a packet; offsets from its network layer."""
PROTOCOL, PACKET_TYPE, INTERFACE, HARDWARE = 0, 4, 8, 28
OUTGOING = 4
LOAD = 0x20
EQUAL = 0x15
RETURN = 0x06
SLL_HEADER = 16


def guard(indexes: Iterable[int] = ()) -> list[Instruction]:
    """The beginning of every program: frames of other interfaces are not wanted, nor any frame of the loopback twice.

    There a packet socket sees each frame when it leaves and when it comes in; libpcap keeps the second as well.
    """
    program: list[Instruction] = []
    wanted = list(indexes)
    if wanted:
        program = [(LOAD, 0, 0, ANCILLARY + INTERFACE)]
        program += [(EQUAL, len(wanted) - i, 0, index) for i, index in enumerate(wanted)]
        program.append((RETURN, 0, 0, 0))
    return [
        *program,
        (LOAD, 0, 0, ANCILLARY + HARDWARE),
        (EQUAL, 0, 3, LOOPBACK),
        (LOAD, 0, 0, ANCILLARY + PACKET_TYPE),
        (EQUAL, 0, 1, OUTGOING),
        (RETURN, 0, 0, 0),
    ]


def keep(snaplen: int) -> list[Instruction]:
    """The program that takes everything, and `snaplen` bytes of it."""
    return [(RETURN, 0, 0, snaplen)]


NOTHING: list[Instruction] = [(RETURN, 0, 0, 0)]


def packed(program: list[Instruction]) -> tuple[bytes, Any]:
    """A struct sock_fprog for SO_ATTACH_FILTER, and what it points to, which must live as long."""
    instructions = (_Instruction * len(program))(*(_Instruction(*step) for step in program))
    return bytes(_KernelProgram(len(program), ctypes.addressof(instructions))), instructions


def compiled(text: str, link: int, snaplen: int, device: str = "") -> list[Instruction]:
    """The program of a filter for frames of a link type; COOKED: for all, as far as the network layer tells.

    device  the interface: a filter with `vlan` in it needs to be compiled for a running one, since the kernel takes the
            tags out of frames and knows them otherwise

    Raises SourceError with the place of an error.
    """
    if not text.strip():
        return keep(snaplen)
    if "\0" in text:
        raise SourceError(f"cannot use the filter: a zero byte at character {text.index(chr(0)) + 1}", _advice(""))
    run = compiler()
    program = run(text, link, snaplen, device if re.search(r"\bvlan\b", text) else "")
    if isinstance(program, str):
        raise SourceError(f"cannot use the filter `{text}`: {_placed(text, program, link, run)}", _advice(program))
    if len(program) > MOST:
        raise SourceError(f"cannot use the filter: it takes {len(program):,} steps", f"the kernel takes {MOST:,}")
    return _anywhere(program) if link == COOKED else program


Compiler = Callable[[str, int, int, str], list[Instruction] | str]
"""Gives the program of (text, link type, bytes to keep, interface or ""), or libpcap's words on why there is none."""


@cache
def compiler() -> Compiler:
    """The best there is; SourceError when there is none."""
    for name in LIBRARIES:
        try:
            return _by_library(ctypes.CDLL(name))
        except (OSError, AttributeError):
            continue
    tcpdump = shutil.which("tcpdump")
    if tcpdump:
        return _by_tcpdump(tcpdump)
    raise SourceError(
        "cannot compile the filter: neither libpcap nor tcpdump is installed",
        "`apt-get install libpcap0.8`, `dnf install libpcap` or `apk add libpcap`; or leave `-f` out",
    )


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("true", ctypes.c_uint8),
        ("false", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint), ("instructions", ctypes.c_void_p))


class _KernelProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def _by_library(library: ctypes.CDLL) -> Compiler:
    library.pcap_open_dead.restype = library.pcap_create.restype = ctypes.c_void_p
    library.pcap_geterr.restype = ctypes.c_char_p
    library.pcap_open_dead.argtypes = [ctypes.c_int, ctypes.c_int]
    for function in (library.pcap_geterr, library.pcap_close, library.pcap_activate, library.pcap_datalink):
        function.argtypes = [ctypes.c_void_p]
    library.pcap_compile.argtypes = [
        ctypes.c_void_p, ctypes.POINTER(_Program), ctypes.c_char_p, ctypes.c_int, ctypes.c_uint32
    ]  # fmt: skip

    def run(text: str, link: int, snaplen: int, device: str) -> list[Instruction] | str:
        handle = _running(library, device, DLT.get(link, link)) if device else None
        handle = handle or library.pcap_open_dead(DLT.get(link, link), snaplen)
        program = _Program()
        try:
            if library.pcap_compile(handle, program, text.encode(), 1, UNKNOWN_NETMASK) != 0:
                return bytes(library.pcap_geterr(handle)).decode(errors="replace")
            found = (_Instruction * program.length).from_address(program.instructions or 0)
            steps = [(step.code, step.true, step.false, step.operand) for step in found]
            library.pcap_freecode(ctypes.byref(program))
        finally:
            library.pcap_close(handle)
        return [(code, true, false, snaplen if code == RETURN and k else k) for code, true, false, k in steps]

    return run


def _running(library: ctypes.CDLL, device: str, dlt: int) -> Any:
    """A handle on a running interface, None when it cannot be had, or has other frames."""
    handle = library.pcap_create(device.encode(), ctypes.create_string_buffer(256))
    if not handle:
        return None
    if library.pcap_activate(handle) >= 0 and library.pcap_datalink(handle) == dlt:
        return handle
    library.pcap_close(handle)
    return None


def _by_tcpdump(path: str) -> Compiler:
    def run(text: str, link: int, snaplen: int, device: str) -> list[Instruction] | str:
        where = ["-i", device] if device else []
        command = [path, "-ddd", *where, "-s", str(snaplen), "-y", NAMES.get(link, "EN10MB"), "--", text]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no reason given"]
            return lines[-1].removeprefix("tcpdump: ")
        steps = [tuple(map(int, line.split())) for line in done.stdout.splitlines()[1:]]
        return [(code, true, false, k & 0xFFFFFFFF) for code, true, false, k in steps]

    return run


def _placed(text: str, message: str, link: int, run: Compiler) -> str:
    """libpcap's words with the place that they are about, which it does not tell: the first token that brings them.

    A parser without backtracking never takes a token back, so what is wrong with a beginning is wrong with the rest.
    """
    tokens = list(re.finditer(r"[\w.:\-\\]+|[<>=!&|]=|&&|\|\||<<|>>|\S", text))
    syntax = SYNTAX in message
    low, high = 0, len(tokens)
    while low < high:
        middle = (low + high) // 2
        told = run(text[: tokens[middle].end()] + (STOP if syntax else ""), link, 1, "")
        if isinstance(told, str) and (SYNTAX in told if syntax else told == message):
            high = middle
        else:
            low = middle + 1
    words = SYNTAX if syntax else message
    if low == len(tokens):
        return f"{words} at its end (character {len(text.rstrip()) + 1})"
    return f"{words} at character {tokens[low].start() + 1} (`{tokens[low].group()}`)"


def _advice(message: str) -> str:
    if "supported only on" in message:
        return "name one Ethernet interface with `-i` for a filter on its addresses"
    return "pcap-filter(7) has the language, e.g., `tcp port 443 or udp port 53`"


def _anywhere(program: list[Instruction]) -> list[Instruction]:
    """A program for cooked frames so that it holds on frames of any link type, whose packet sockets know where the
    network layer begins: what was looked up in the cooked header is asked of the kernel."""
    mended = []
    for code, true, false, operand in program:
        if code & 7 in (0, 1) and code & 0xE0 in (0x20, 0x40, 0xA0) and operand < 1 << 31:
            if operand >= SLL_HEADER:
                operand = NETWORK + operand - SLL_HEADER
            elif operand in (0, 14):
                operand = ANCILLARY + (PACKET_TYPE if operand == 0 else PROTOCOL)
            else:
                raise SourceError("cannot use the filter on several kinds of interfaces", "name one with `-i`")
        mended.append((code, true, false, operand))
    return mended
