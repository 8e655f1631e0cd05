"""Compares the CSV that whyfetch wrote for a generated capture with the labels of its connections."""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from pathlib import Path

SHOWN = 20
Verdict = tuple[str, str]


def verdicts(rows: Path) -> dict[str, list[Verdict]]:
    """Class and cause of every fetch, by connection."""
    found: dict[str, list[Verdict]] = defaultdict(list)
    with rows.open(newline="") as source:
        for row in csv.DictReader(source):
            found[key(row)].append((row["class"], row["cause"]))
    return found


def key(line: dict[str, str]) -> str:
    """What a row and a label have in common: the connection, or the socket that asked the resolver."""
    if line["tcp_stream"]:
        return f"tcp.stream == {line['tcp_stream']}"
    return f"udp.port == {line['client_port']} && client {line['client']}"


def agrees(label: dict[str, str], got: list[Verdict]) -> bool:
    """As many fetches as were made, all of the intended class, and of the intended cause unless they are ok."""
    wanted = (label["class"], label["cause"].replace("_", "-"))
    same = all(kind == wanted[0] and (kind == "ok" or cause.replace("_", "-") == wanted[1]) for kind, cause in got)
    return same and len(got) == int(label["fetches"])


def describe(got: list[Verdict]) -> str:
    """Verdicts of one connection, counted."""
    counted = Counter("/".join(filter(None, verdict)) for verdict in got)
    return ", ".join(f"{number} x {name}" for name, number in sorted(counted.items())) or "no fetch"


def compare(rows: Path, labels: Path) -> None:
    """Print how many connections got the verdict that they were made for, and what the others got."""
    found = verdicts(rows)
    right = total = 0
    wrong: Counter[str] = Counter()
    example: dict[str, str] = {}
    with labels.open(newline="") as source:
        for label in csv.DictReader(source):
            total += 1
            got = found.get(key(label), [])
            if agrees(label, got):
                right += 1
                continue
            wanted = "/".join(filter(None, (label["class"], label["cause"])))
            line = f"{label['fetches']} x {wanted}  got  {describe(got)}"
            wrong[line] += 1
            example.setdefault(line, key(label))
    print(f"verdicts as made: {right} of {total} connections")
    for line, number in wrong.most_common(SHOWN):
        print(f"{number:>7}  {line}  (e.g. {example[line]})")


def main() -> None:
    """Command line: the CSV, then the labels."""
    if len(sys.argv) != 3:
        print("usage: check.py WHYFETCH.csv CAPTURE.labels.csv", file=sys.stderr)
        raise SystemExit(2)
    compare(Path(sys.argv[1]), Path(sys.argv[2]))


if __name__ == "__main__":
    main()
