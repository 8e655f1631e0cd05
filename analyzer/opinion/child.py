"""Runs pyshark in a process of its own, as a program: `python child.py`, the question as JSON on standard input.

pyshark is written for notebooks: it keeps an event loop, raises when it is closed early, and reads `config.ini` in the
folder where it stands. Here it can do all that, and its parent kills it when it hangs. The question is
{file, tshark, home, options, fields, memory}; a line of JSON a packet answers it, [number, {field: [values]}],
and a last line {"end": what tshark said last}. Nothing of whyfetch is imported.
"""

# not compiled: it is run as a program

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from typing import Any

LONGEST = 300
MOST = 200
"""Characters kept of a value, and values of a field of a packet: both are the capture's to choose."""
MOMENT_S = 0.1
"""Time for what tshark said before it crashed to come."""


def limit(memory: int) -> None:
    """No more memory than that for this process, and as much for tshark, which inherits it; 0 = no limit."""
    with suppress(ImportError, OSError, ValueError):  # Windows has none, macOS refuses
        import resource

        if memory:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def row(packet: Any, fields: dict[str, str]) -> dict[str, list[str]]:
    """The values of the wanted fields; of each what `fields` names, an attribute of pyshark's LayerField."""
    found: dict[str, list[str]] = {}
    for layer in (packet.frame_info, *packet.layers):
        known = layer._all_fields  # get_field tries all spellings of every field of the packet, for each name
        for name in fields.keys() & known.keys():
            texts = [str(getattr(one, fields[name]) or "")[:LONGEST] for one in known[name].all_fields[:MOST]]
            found.setdefault(name, []).extend(texts)
    return found


def answer(question: dict[str, Any]) -> None:
    """Ask, and write what comes."""
    import pyshark

    os.environ["HOME"] = question["home"]  # for tshark: no plugins of the user
    loop = asyncio.new_event_loop()  # else pyshark sets up child watchers that new Pythons do not have
    asyncio.set_event_loop(loop)
    capture = pyshark.FileCapture(
        question["file"],
        keep_packets=False,
        tshark_path=question["tshark"],
        custom_parameters=question["options"],
        eventloop=loop,
    )
    end = ""
    try:
        for packet in capture:
            number = int(packet.number)  # of geninfo; a comment takes the place of `frame_info`
            sys.stdout.write(json.dumps([number, row(packet, question["fields"])]) + "\n")
    except Exception as error:
        end = f"{type(error).__name__}: {error}".partition(" (command ran")[0]
        loop.run_until_complete(asyncio.sleep(MOMENT_S))
    said = getattr(capture, "_last_error_line", None) or ""
    if said and "could be dangerous" not in said:  # which tshark says to root each time
        end = said[:LONGEST]
    sys.stdout.write(json.dumps({"end": end}) + "\n")
    sys.stdout.flush()
    os._exit(0)  # what pyshark does when it is let go of is of no use, and may raise


def main() -> None:
    """Read the question, answer it."""
    question = json.load(sys.stdin)
    limit(question["memory"])
    answer(question)


if __name__ == "__main__":
    main()
