"""Makes docs/report.png, a picture of the page about one failure, where a browser is at hand: `make docs` calls it.

Browsers draw the same page with other bytes. So the picture holds the page's hash in a text chunk (PNG 11.3.3), and is
made again only when the page has changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CAPTURE = "samples/tls-stall/go-server-silent-10s.pcap"
PICTURE = ROOT / "docs" / "report.png"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb",
    "--window-size=1040,1330", "--force-device-scale-factor=0.85",
)  # fmt: skip
"""No sandbox: in containers this runs as root, and the page is ours."""
SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEYWORD = b"Source\0"


def browser() -> str | None:
    """The path of one, None = there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def page(target: Path) -> str:
    """Write the page; its hash."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "whyfetch", "report", CAPTURE, "-o", str(target)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return hashlib.sha256(target.read_bytes()).hexdigest()


def chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Types and contents of a PNG file's chunks."""
    at = len(SIGNATURE)
    while at < len(picture):
        (length,) = struct.unpack_from(">I", picture, at)
        yield picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        at += 12 + length


def pictured(picture: bytes) -> str:
    """The hash of the page that is shown, "" = it does not say."""
    texts = [text for kind, text in chunks(picture) if kind == b"tEXt" and text.startswith(KEYWORD)]
    return texts[0].removeprefix(KEYWORD).decode() if texts else ""


def signed(picture: bytes, digest: str) -> bytes:
    """The picture with the hash behind its header."""
    text = b"tEXt" + KEYWORD + digest.encode()
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    behind_header = len(SIGNATURE) + 12 + 13
    return picture[:behind_header] + chunk + picture[behind_header:]


def main() -> None:
    """Look whether the picture is still true, and make it anew if not."""
    with tempfile.TemporaryDirectory() as folder:
        target, shot = Path(folder) / "report.html", Path(folder) / "report.png"
        digest = page(target)
        if PICTURE.exists() and pictured(PICTURE.read_bytes()) == digest:
            return
        program = browser()
        if program is None:
            sys.stderr.write(f"{PICTURE.name} shows an older page: no browser to make it anew ({BROWSERS[0]})\n")
            return
        command = [program, *OPTIONS, f"--user-data-dir={folder}/profile", f"--screenshot={shot}", target.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        PICTURE.write_bytes(signed(shot.read_bytes(), digest))


if __name__ == "__main__":
    main()
