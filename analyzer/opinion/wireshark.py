"""Asks Wireshark for fields of packets: pyshark in a child process, a deadline, a private profile."""

# not compiled: runs once a capture

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from analyzer.errors import AnalyzerError, UsageError
from analyzer.opinion.cutout import MARK, CutOut
from analyzer.opinion.fields import FIELDS, LAYERS, OLDEST, Row

DEADLINE_S = 10.0
PACKETS_PER_S = 1000
MARKED_PER_S = 50
"""How long an answer may take: ten seconds, and by the number of packets. Measured: tshark dissects 15,000 packets a
second in two passes, pyshark reads 600 from it; a busy machine may take ten times as long."""
PATIENCE_S = 20.0
"""Seconds for tshark to tell its version, or its fields."""
MEMORY = 2 << 30
"""Bytes of address space for pyshark, and for tshark, which maps 0.3 GB before it has read anything."""
INSTALL = "`apt-get install tshark`, `brew install wireshark`, or https://www.wireshark.org"
MOST_PORTS = 100
"""Ports that are told; a command line has room for so many."""
PLACES = ("/Applications/Wireshark.app/Contents/MacOS/tshark", "C:/Program Files/Wireshark/tshark.exe")
"""Where the installers of macOS and Windows put it, besides PATH."""
OPTIONS = (
    "tcp.try_heuristic_first:TRUE",
    "tcp.reassemble_out_of_order:TRUE",
    "http.desegment_headers:FALSE",
    "http.desegment_body:FALSE",
)
"""Protocols are told by what is said, not by ports: TLS on port 80. Segments that came out of order are put in order. A
response is shown where it begins, not where its body ends, which may never come; then heads may not be put together
either, else a binary body is held for the beginning of one. All else is as Wireshark comes."""


class OpinionError(AnalyzerError):
    """tshark hung, crashed, or said nothing that could be read."""


class Wireshark:
    """A tshark that can be asked.

    path     the program; version: as `4.0.17`; missing: fields that this version does not have
    """

    def __init__(self, option: str) -> None:
        """Find it, or raise the UsageError that says what to install for `option`."""
        if find_spec("pyshark") is None:
            raise UsageError(f"`{option}` asks Wireshark through pyshark, which is not installed", _EXTRA)
        self.path = _find(option)
        said = _said(self.path, "--version")
        found = re.search(r"(\d+\.\d+\.\d+)", said.splitlines()[0] if said else "")
        if found is None:
            raise UsageError(f"`{self.path} --version` says no version", f"is it Wireshark's? {INSTALL}")
        self.version = found[1]
        known = _fields(self.path, self.version)
        self.missing = frozenset(FIELDS) - known
        if OLDEST not in known:
            raise UsageError(f"tshark {self.version} is too old: it has no field `{OLDEST}`", "3.2 or later has it")

    def ask(self, cut: CutOut, folder: Path, http: Iterable[int] = ()) -> dict[int, Row]:
        """What it says of the marked packets of a cut-out, by their numbers in the capture.

        http  ports of servers that speak HTTP/2 in plain text, which it looks for nowhere but behind its HTTP ports
        """
        if not cut.marked:
            return {}
        limit = DEADLINE_S + cut.frames / PACKETS_PER_S + len(cut.marked) / MARKED_PER_S
        rows, end = _answers(self._run(cut, folder, http, limit))
        if len(rows) < len(cut.marked):
            after = f"after {len(rows)} of {len(cut.marked)} packets{': ' + end if end else ''}"
            raise OpinionError(
                f"tshark {self.version} gave up {after}",
                "`whyfetch show CAPTURE N --second-opinion` asks for one fetch alone",
            )
        return {cut.numbers[frame - 1]: row for frame, row in rows.items()}

    def _run(self, cut: CutOut, folder: Path, http: Iterable[int], limit: float) -> Path:
        """Runs the child; its output is in the file that is returned."""
        options = ["-2", "-Y", MARK, "-J", " ".join(LAYERS)]  # pyshark would ask for the version first, to say `-Y`
        for option in OPTIONS:
            options += ["-o", option]
        for port in sorted(http)[:MOST_PORTS]:
            options += ["-d", f"tcp.port=={port},http"]
        question = {
            "file": str(cut.path),
            "tshark": self.path,
            "home": str(folder),
            "options": options,
            "fields": {name: FIELDS[name] for name in FIELDS if name not in self.missing},
            "memory": MEMORY,
        }
        out = folder / "answers"
        with out.open("wb") as answers:
            child = subprocess.Popen(
                [sys.executable, "-P", str(Path(__file__).with_name("child.py"))],
                stdin=subprocess.PIPE,
                stdout=answers,
                stderr=subprocess.DEVNULL,
                cwd=folder,  # pyshark reads config.ini there
                env=_environment(folder),
                start_new_session=True,
            )
            try:
                child.communicate(json.dumps(question).encode(), timeout=limit)
            except subprocess.TimeoutExpired:
                raise OpinionError(
                    f"tshark {self.version} did not finish within {limit:.0f} s, and was stopped",
                    "ask for fewer fetches: `--select`, or `whyfetch show CAPTURE N --second-opinion`",
                ) from None
            finally:
                _end(child)
        return out


_EXTRA = "`pip install 'whyfetch[tshark]'`"


def _find(option: str) -> str:
    for place in (shutil.which("tshark"), *PLACES):
        if place and Path(place).exists():
            return place
    raise UsageError(f"`{option}` asks Wireshark, and there is no `tshark`", INSTALL)


def _environment(folder: Path) -> dict[str, str]:
    """Ours, without what would lead Wireshark to somebody's settings or plugins."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WIRESHARK_")}
    return {**kept, "WIRESHARK_CONFIG_DIR": str(folder / "profile"), "PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8"}


def _said(path: str, *arguments: str) -> str:
    """What tshark prints; UsageError when it does not run."""
    try:
        done = subprocess.run(
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        why = f"{error}" if isinstance(error, OSError) else "it fails, or says nothing"
        if isinstance(error, subprocess.TimeoutExpired):
            why = f"it says nothing for {PATIENCE_S:.0f} s"
        command = f"`{path} {' '.join(arguments)}`"
        raise UsageError(f"{command} does not run: {why}", f"install it again: {INSTALL}") from None
    return done.stdout


def _fields(path: str, version: str) -> frozenset[str]:
    """Those of FIELDS that this version has; kept in the user's cache, since to list all takes 0.3 s."""
    cache = _cache(version)
    with suppress(OSError, ValueError, TypeError):
        kept = json.loads(cache.read_text())
        if set(kept["asked"]) == set(FIELDS):
            return frozenset(kept["known"])
    known = {line.split("\t")[2] for line in _said(path, "-G", "fields").splitlines() if line.count("\t") > 2}
    found = frozenset(known & FIELDS.keys())
    with suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_text(json.dumps({"asked": sorted(FIELDS), "known": sorted(found)}))
    return found


def _cache(version: str) -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "whyfetch" / f"tshark-{version}.json"


def _end(child: subprocess.Popen[bytes]) -> None:
    """Stop it and its tshark, whatever they are doing."""
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    child.wait()


def _answers(path: Path) -> tuple[dict[int, Row], str]:
    """Frame number of the cut-out -> row, and what tshark said last; of a child that died, as much as it wrote."""
    rows: dict[int, Row] = {}
    end = ""
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            with suppress(ValueError):
                said = json.loads(line)
                if isinstance(said, list):
                    rows[said[0]] = said[1]
                else:
                    end = said["end"]
    return rows, end
