"""Second opinions: tshark reads the same frames; real captures where the environment names a folder of them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = os.environ.get("WHYFETCH_CAPTURES", "")
FIELDS = [part for name in ("number", "time_epoch", "len", "cap_len") for part in ("-e", f"frame.{name}")]

pytestmark = [
    pytest.mark.tshark,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark"),
]


def tshark(path):
    """(number, nanoseconds, length, captured length) of each frame as tshark has it."""
    done = subprocess.run(["tshark", "-n", "-r", path, "-T", "fields", *FIELDS], capture_output=True, text=True)
    frames = []
    for line in done.stdout.splitlines():
        number, time, length, captured = line.split("\t")
        seconds, _, fraction = time.partition(".")
        frames.append((int(number), int(seconds) * 10**9 + int(fraction.ljust(9, "0")), int(length), int(captured)))
    return frames


def ours(result):
    return [(number, time, length, len(data)) for number, time, length, _, _, data in result.frames]


@pytest.mark.parametrize("kind", ["pcapng", "nsecpcap", "modpcap"])
def test_converted_files(build, read, tmp_path, kind):
    """What editcap writes in each format reads as tshark reads it."""
    if shutil.which("editcap") is None:
        pytest.skip("needs editcap")
    source, target = tmp_path / "a.pcap", tmp_path / "b"
    source.write_bytes(build.pcap(range(20)))
    subprocess.run(["editcap", "-F", kind, source, target], check=True)
    assert ours(read(target)) == tshark(target) == ours(read(source))


def test_a_set_equals_mergecap(build, read, tmp_path):
    """A rotated set reads, frame by frame and number by number, as the file mergecap makes of it."""
    if shutil.which("mergecap") is None:
        pytest.skip("needs mergecap")
    names = [tmp_path / "t.pcap", tmp_path / "t.pcap1", tmp_path / "t.pcap2"]
    for path, times in zip(names, [(0, 5, 6), (6, 9, 12), (12, 13)], strict=True):
        path.write_bytes(build.pcap(times))
    merged = tmp_path / "merged.pcapng"
    subprocess.run(["mergecap", "-w", merged, *names], check=True)
    from analyzer.capture.files import expand

    assert ours(read(expand(names)[0])) == tshark(merged)


@pytest.mark.skipif(not FOLDER, reason="WHYFETCH_CAPTURES names no folder of captures")
def test_real_captures(read):
    """Every capture below WHYFETCH_CAPTURES reads as tshark reads it."""
    paths = sorted(path for path in Path(FOLDER).rglob("*.pcap*"))
    assert paths
    wrong = [str(path) for path in paths if ours(read(path)) != tshark(path)]
    assert wrong == []
