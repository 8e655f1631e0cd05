# not compiled: runs once a COMMAND
"""A private file for the TLS keys of COMMAND: with them its packets can be read (docs/capturing.md)."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from analyzer.capture.live import rights

VARIABLE = "SSLKEYLOGFILE"
"""Asked by OpenSSL's users (curl, Python), GnuTLS, NSS, Firefox, Chromium (draft-ietf-tls-keylogfile)."""

NODE_VARIABLE = "NODE_OPTIONS"
NODE_OPTION = "--tls-keylog"
"""Node knows no variable for it; allowed in NODE_OPTIONS since 12.16."""

PREFIX = "whyfetch-"
NAME = "keys.txt"
"""Of the directory, with our number behind it, and of the file in it."""


class Keys:
    """The file, and the variables by which COMMAND writes into it; a file that the user named is used and left alone.

    path   where the keys go, None = nowhere
    kept   True = it is not ours to delete
    """

    def __init__(self, environment: Mapping[str, str], *, wanted: bool, keep: bool) -> None:
        self.kept = keep
        self.path: Path | None = None
        self.folder: Path | None = None
        self._lock = -1
        self.environment = {**environment}
        if not wanted:
            return
        named = environment.get(VARIABLE, "")
        if named:
            self.path = Path(named)
            self.kept = True
        else:
            self.path = self._make(f"whyfetch-keys-{os.getpid()}-" if keep else f"{PREFIX}{os.getpid()}-")
        self.environment[VARIABLE] = str(self.path)
        node = environment.get(NODE_VARIABLE, "")
        if NODE_OPTION not in node:
            self.environment[NODE_VARIABLE] = f"{node} {_quoted(f'{NODE_OPTION}={self.path}')}".lstrip()

    def _make(self, prefix: str) -> Path:
        """The file, in a directory that is locked while we live: what a kill leaves is told from it by that."""
        _forget_stale()
        self.folder = Path(tempfile.mkdtemp(prefix=prefix))
        self._lock = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        os.close(os.open(NAME, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600, dir_fd=self._lock))
        return self.folder / NAME

    def give_to(self, uid: int, gid: int) -> None:
        """Let another user write them, and nobody else."""
        if self.folder is not None:
            os.chown(NAME, uid, gid, dir_fd=self._lock, follow_symlinks=False)
            os.fchown(self._lock, uid, gid)

    def close(self, living: bool) -> None:
        """Delete the keys. For processes that live on the file goes to nowhere: Python's do not begin without it."""
        if self.folder is None:
            return
        who = rights.caller()
        with suppress(OSError):
            if self.kept:
                if who is not None:
                    self.give_to(who.uid, who.gid)
            elif living:
                _lead_nowhere(self._lock)
            else:
                os.unlink(NAME, dir_fd=self._lock)
                self.folder.rmdir()
        os.close(self._lock)


def _lead_nowhere(folder: int) -> None:
    """Keys go, and later ones are not kept."""
    os.unlink(NAME, dir_fd=folder)
    os.symlink(os.devnull, NAME, dir_fd=folder)


def _forget_stale() -> None:
    """Keys of COMMANDs whose whyfetch was killed: nobody has their directory locked.

    Where processes of such a COMMAND live on, the name stays and leads nowhere.
    """
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}[0-9]*-*"):
        with suppress(OSError):
            folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if stat.S_ISREG(os.stat(NAME, dir_fd=folder, follow_symlinks=False).st_mode):
                    _lead_nowhere(folder)
                if not _used(path):
                    os.unlink(NAME, dir_fd=folder)
                    path.rmdir()
            finally:
                os.close(folder)


def _used(folder: Path) -> bool:
    """Whether a process that lives was told to write its keys there."""
    told = f"{VARIABLE}={folder}/".encode()
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if told in environment.read_bytes():
                return True
    return False


def _quoted(option: str) -> str:
    """As NODE_OPTIONS wants an option with blanks."""
    if " " not in option and '"' not in option:
        return option
    escaped = option.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
