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

    def close(self, living: bool) -> None:
        """Delete the keys. For processes that live on the file goes to nowhere: Python's do not begin without it."""
        if self.folder is None or self.path is None:
            return
        if self.kept:
            self._give_to_caller(self.folder, self.path)
            return
        with suppress(OSError):
            self.path.unlink()
            if living:
                self.path.symlink_to(os.devnull)
            else:
                self.folder.rmdir()

    @staticmethod
    def _give_to_caller(*paths: Path) -> None:
        """Kept keys belong to who called through sudo."""
        who = rights.caller()
        for path in paths if who is not None else ():
            with suppress(OSError):
                os.chown(path, who.uid, who.gid, follow_symlinks=False)  # type: ignore[union-attr]


def _quoted(option: str) -> str:
    """As NODE_OPTIONS wants an option with blanks."""
    if " " not in option and '"' not in option:
        return option
    escaped = option.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
