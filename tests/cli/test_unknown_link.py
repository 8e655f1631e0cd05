"""A capture whose link type nobody knows is partial: said so, exit status 3."""

import struct
import subprocess
import sys
from pathlib import Path


def test_unknown_link_type_is_damage(tmp_path: Path) -> None:
    """Frames of a link type that neither we nor scapy know are counted, and the status says the result is partial."""
    capture = tmp_path / "odd.pcap"
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 250)
    capture.write_bytes(header + struct.pack("<IIII", 1_700_000_000, 0, 60, 60) + bytes(60))
    done = subprocess.run(
        [sys.executable, "-m", "analyzer", "classify", str(capture)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "link type 250 is unknown: 1 frame" in done.stderr
