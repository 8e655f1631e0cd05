# not compiled: runs once a capture
"""Rights: whose the process is behind sudo, and how to give up what only opening the sockets needed."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """Who typed `sudo`: sudo tells it in SUDO_UID, SUDO_GID and SUDO_USER (sudo(8), ENVIRONMENT)."""

    uid: int
    gid: int
    name: str


def caller() -> Caller | None:
    """Who called through sudo; None when nobody did, or root did, or this is not root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    uid, gid = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if not (uid.isdecimal() and gid.isdecimal()) or not 0 < int(uid) < 2**32 - 1:
        return None
    return Caller(int(uid), int(gid), os.environ.get("SUDO_USER", uid))


def give_to_caller(descriptor: int) -> None:
    """A file that was created through sudo belongs to who called."""
    who = caller()
    if who is not None:
        os.fchown(descriptor, who.uid, who.gid)


def drop() -> Caller | None:
    """Give up root's rights for good when sudo gave them; open sockets stay. None when there was nothing to give up.

    The order matters: without root's rights groups cannot be changed any longer (setuid(2), POS36-C).
    """
    who = caller()
    if who is None:
        return None
    groups = [who.gid]
    with suppress(OSError):
        groups = os.getgrouplist(who.name, who.gid)
    os.setgroups(groups)
    os.setgid(who.gid)
    os.setuid(who.uid)
    return who
