# not compiled: runs once a COMMAND
"""A private file for the TLS keys of COMMAND: with them its packets can be read (docs/capturing.md)."""

from __future__ import annotations

import os
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


class Keys:
    """The file, and the variables by which COMMAND writes into it; a file that the user named is used and left alone.

    path   where the keys go, None = nowhere
    kept   True = it is not ours to delete
    """

    def __init__(self, environment: Mapping[str, str], *, wanted: bool, keep: bool) -> None:
        self.kept = keep
        self.path: Path | None = None
        self.folder: Path | None = None
        self.environment = {**environment}
        if not wanted:
            return
        named = environment.get(VARIABLE, "")
        if named:
            self.path = Path(named)
            self.kept = True
        else:
            self.folder = Path(tempfile.mkdtemp(prefix=f"whyfetch-{os.getpid()}-"))
            self.path = self.folder / "keys.txt"
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self.environment[VARIABLE] = str(self.path)
        node = environment.get(NODE_VARIABLE, "")
        if NODE_OPTION not in node:
            self.environment[NODE_VARIABLE] = f"{node} {_quoted(f'{NODE_OPTION}={self.path}')}".lstrip()

    def give_to(self, uid: int, gid: int) -> None:
        """Let another user write them, and nobody else."""
        for path in (self.folder, self.path) if self.folder is not None else ():
            if path is not None:
                os.chown(path, uid, gid, follow_symlinks=False)

    def close(self, living: bool) -> None:
        """Delete the keys. For processes that live on the file goes to nowhere: Python's do not begin without it."""
        if self.folder is None or self.path is None:
            return
        who = rights.caller()
        if self.kept:
            if who is not None:
                self.give_to(who.uid, who.gid)
            return
        with suppress(OSError):
            self.path.unlink()
            if living:
                self.path.symlink_to(os.devnull)
            else:
                self.folder.rmdir()


def _quoted(option: str) -> str:
    """As NODE_OPTIONS wants an option with blanks."""
    if " " not in option and '"' not in option:
        return option
    escaped = option.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
