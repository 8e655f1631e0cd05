"""The recordings of tests/keys/recorded."""

from __future__ import annotations

from pathlib import Path

from support.tls_talk import Talk

FOLDER = Path(__file__).parents[1] / "keys" / "recorded"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))


def recorded(name: str) -> Talk:
    """One of them."""
    found = Talk()
    log = []
    for line in (FOLDER / f"{name}.txt").read_text().splitlines():
        if line[0] in "<>":
            found.take(line[0] == "<", bytes.fromhex(line[2:]))
        elif line[0] != "#":
            log.append(f"{line}\n")
    found.key_log = "".join(log).encode()
    return found
