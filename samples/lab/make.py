"""Make every sample anew: `python -m lab.make [NAME...]`, as root, with samples/ on PYTHONPATH."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import certs
from lab.cell import Cell, stop
from lab.model import Capture, Scenario
from lab.scenarios import SCENARIOS

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent
COLUMNS = ("file", "fetch", "class", "cause", "name", "missing", "how")
CELLS = 5
BUFFER = ("-B", "16384", "-s", "70000")  # KiB, of which each packet takes as many bytes: bursts of 64 kB are kept
PATIENCE = 90  # s; the longest scenario waits a minute for a response
COMMIT = {"NAME": "Lab", "EMAIL": "lab@lab.example", "DATE": "2026-01-01T00:00:00Z"}
CLASSES = ("syn-retransmit", "rst", "tls-stall", "tls-failure", "http-failure", "dns-failure", "ok", "incomplete")


def prepare(shared: Path) -> None:
    """What all cells share: certificates, the Go client, the files that nginx serves."""
    certs.make(shared / "certs")
    build = {**os.environ, "GOFLAGS": "-mod=mod", "GO111MODULE": "off", "CGO_ENABLED": "0"}
    subprocess.run(["go", "build", "-o", shared / "go-client", HERE / "client.go"], check=True, env=build)
    build["GOPATH"] = "/usr/share/gocode"  # Debian's golang.org/x/net; the standard library speaks h2c only since 1.24
    subprocess.run(["go", "build", "-o", shared / "go-client-h2c", HERE / "h2c.go"], check=True, env=build)
    files = shared / "files"
    module = files / "go/lab.example/hello/@v"
    for folder in (module, files / "files", files / "simple/labpkg", files / "simple/forbidden"):
        folder.mkdir(parents=True)
    (files / "file.txt").write_text("a line of text\n" * 60)
    (files / "pages.txt").write_text("a line of text\n" * 400)
    (files / "big.bin").write_bytes(bytes(range(250)) * 240)
    (module / "v1.0.0.info").write_text('{"Version":"v1.0.0","Time":"2026-01-01T00:00:00Z"}')
    (module / "v1.0.0.mod").write_text("module lab.example/hello\n")
    inside = "lab.example/hello@v1.0.0/"
    source = {inside + "go.mod": "module lab.example/hello\n", inside + "hello.go": "package hello\n"}
    pack(module / "v1.0.0.zip", source)
    about = "labpkg-1.0.dist-info/"
    metadata = "Metadata-Version: 2.1\nName: labpkg\nVersion: 1.0\n"
    wheel = "Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    contents = {about + "METADATA": metadata, about + "WHEEL": wheel, about + "RECORD": ""}
    pack(files / "files/labpkg-1.0-py3-none-any.whl", contents)
    npm_registry(files / "npm")
    git_repository(files / "git")
    for package in ("labpkg", "forbidden"):
        link = f'<a href="/files/{package}-1.0-py3-none-any.whl">{package}-1.0-py3-none-any.whl</a>'
        (files / f"simple/{package}/index.html").write_text(f"<!DOCTYPE html><html><body>{link}</body></html>")


def npm_registry(folder: Path) -> None:
    """One package as an npm registry serves it: a document about its versions, and the tarball."""
    tarball = folder / "labpkg/-/labpkg-1.0.0.tgz"
    tarball.parent.mkdir(parents=True)
    manifest = {"name": "labpkg", "version": "1.0.0"}
    with tarfile.open(tarball, "w:gz") as out:
        for name, text in (("package.json", json.dumps(manifest)), ("index.js", "module.exports = 1\n" * 200)):
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(text)
            out.addfile(info, io.BytesIO(text.encode()))
    digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    dist = {"tarball": "http://registry.lab.example/npm/labpkg/-/labpkg-1.0.0.tgz", "integrity": f"sha512-{digest}"}
    versions = {"1.0.0": {**manifest, "dist": dist}}
    about = {"name": "labpkg", "dist-tags": {"latest": "1.0.0"}, "versions": versions}
    (folder / "labpkg/index.html").write_text(json.dumps(about))  # nginx answers /npm/labpkg/ with it


def git_repository(folder: Path) -> None:
    """A bare repository of one commit, also for the dumb protocol (gitrepository-layout(5) info/refs)."""
    folder.mkdir()
    who = {f"GIT_{role}_{what}": text for role in ("AUTHOR", "COMMITTER") for what, text in COMMIT.items()}
    env = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull}
    bare = folder / "hello.git"

    def git(*arguments: str, stdin: str = "") -> str:
        command = ["git", "-C", str(bare if bare.exists() else folder), *arguments]
        return subprocess.run(command, input=stdin, text=True, env=env, check=True, capture_output=True).stdout.strip()

    git("init", "-q", "--bare", "-b", "main", "hello.git")
    blob = git("hash-object", "-w", "--stdin", stdin="hello\n")
    tree = git("mktree", stdin=f"100644 blob {blob}\thello.txt\n")
    git("update-ref", "refs/heads/main", git("commit-tree", "-m", "hello", tree))
    git("update-server-info")


def pack(path: Path, contents: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in contents.items():
            archive.writestr(name, text)


def start_nginx(cell: Cell, shared: Path, tls: str) -> None:
    words = {"@WORK@": str(cell.workdir), "@CERTS@": str(shared / "certs"), "@FILES@": str(shared / "files")}
    words["@TLS@"] = tls or "TLSv1.2 TLSv1.3"
    text = (HERE / "nginx.conf.in").read_text()
    for word, value in words.items():
        text = text.replace(word, value)
    config = cell.workdir / "nginx.conf"
    config.write_text(text)
    cell.start("server", ["nginx", "-e", str(cell.workdir / "nginx-error.log"), "-c", str(config)])
    until(lambda: (cell.workdir / "nginx.pid").exists(), "nginx")
    time.sleep(0.1)  # the pid file is written before the worker accepts


def until(done: Callable[[], bool], what: str, seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} did not start")
        time.sleep(0.01)


def listening(cell: Cell) -> bool:
    """Whether any program of the server's namespace waits for connections."""
    command = ["ip", "netns", "exec", cell.namespace("server"), "ss", "-Hltn"]
    return bool(subprocess.run(command, capture_output=True, check=True).stdout)


def start_capture(cell: Cell, capture: Capture) -> subprocess.Popen[str]:
    raw = cell.workdir / "raw"
    raw.mkdir(exist_ok=True)
    rotate = ("-G", "1") if capture.form == "rotated" else ()
    name = "part-%Y%m%d%H%M%S.pcap" if rotate else "raw.pcap"
    nano = ("--time-stamp-precision=nano",) if capture.form.startswith("nano") else ()
    options = [*("-i", capture.device, "-n", "-Z", "root", "-U", "--immediate-mode"), *BUFFER, *rotate, *nano]
    options += capture.options
    dump = cell.start(capture.at, ["tcpdump", *options, "-w", str(raw / name), capture.filter])
    log = cell.workdir / f"{len(cell.processes) - 1}-tcpdump.log"
    until(lambda: "listening on" in log.read_text(), "tcpdump")
    return dump


def places(cell: Cell, shared: Path) -> dict[str, Path | str]:
    """What a command line may name."""
    made = {"certs": shared / "certs", "files": shared / "files", "go": shared / "go-client"}
    return {**made, "ca": shared / "certs/ca.pem", "lab": HERE, "work": cell.workdir, "python": sys.executable}


def run_clients(cell: Cell, scenario: Scenario, shared: Path) -> tuple[subprocess.Popen[str], list[int]]:
    """The clients one after the other with tcpdump beside them; their exit statuses, for the log of the run."""
    words = places(cell, shared)
    capture = scenario.capture
    env = {"PYTHONPATH": str(HERE.parent), "LC_ALL": "C"}
    if capture.form == "keys.pcapng":
        log = cell.workdir / "client-keys"
        env |= {"SSLKEYLOGFILE": str(log), "NODE_OPTIONS": f"--tls-keylog={log}"}
    dump = None if capture.start else start_capture(cell, capture)
    statuses = []
    for argv in scenario.clients:
        client = cell.start("client", [word.format(**words) for word in argv], env)
        if capture.start:
            time.sleep(capture.start)
            dump = start_capture(cell, capture)
        if capture.stop:
            time.sleep(capture.stop)
            assert dump is not None
            stop(dump)
        statuses.append(client.wait(PATIENCE))
    assert dump is not None
    return dump, statuses


def make(scenario: Scenario, shared: Path) -> list[int]:
    """Run one scenario in a cell of its own and put its capture in its place."""
    label = str(SCENARIOS.index(scenario))
    workdir = shared / label
    workdir.mkdir()
    with Cell(label, workdir, scenario.relay, scenario.resolv) as cell:
        if scenario.resolv:
            cell.python("server", "lab.resolver", ready=True)
        for role in scenario.segment:
            cell.segment(role, {"client": "c0", "server": "s0"}[role])
        for role in ("client", "router", "server"):
            rules = [rule.removeprefix(role + " ") for rule in scenario.faults if rule.startswith(role + " ")]
            if rules:
                cell.nft(role, *rules)
        for line in scenario.setup:
            cell.command(line)
        os_env = {"LAB_CERTS": str(shared / "certs"), "LAB_FILES": str(shared / "files"), "LAB_TLS": scenario.tls}
        os_env |= {"LAB_KEYS": str(workdir / "server-keys"), "PYTHONPATH": str(HERE.parent)}
        for behaviour, port in scenario.servers:
            cell.python("server", "lab.servers", behaviour, str(port), ready=True, env=os_env)
        for argv in scenario.commands:
            cell.start("server", [word.format(**places(cell, shared)) for word in argv], os_env)
            until(lambda: listening(cell), " ".join(argv), 20)
        if scenario.nginx:
            start_nginx(cell, shared, scenario.tls)
        dump, statuses = run_clients(cell, scenario, shared)
        if dump.poll() is None:
            time.sleep(scenario.capture.linger)
            stop(dump)
    place(workdir / "raw", SAMPLES / scenario.path, scenario.capture)
    return statuses


def place(raw: Path, target: Path, capture: Capture) -> None:
    """Convert what tcpdump wrote into the form that the sample has."""
    form = capture.form
    target.parent.mkdir(exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    if form == "rotated":
        shutil.copytree(raw, target)
    elif form == "nano.pcapng":
        subprocess.run(["editcap", "-F", "pcapng", raw / "raw.pcap", target], check=True)
    elif form == "keys.pcapng":
        log = raw.parent / f"{capture.keys}-keys"
        log.touch()  # where no handshake came to pass
        secrets = f"tls,{log}"
        inject = ["editcap", "-F", "pcapng", "--inject-secrets", secrets, raw / "raw.pcap", target]
        subprocess.run(inject, check=True)
    elif form == "pcap.gz":
        target.write_bytes(gzip.compress((raw / "raw.pcap").read_bytes(), mtime=0))
    else:
        shutil.copyfile(raw / "raw.pcap", target)


def write_expected(scenarios: Iterable[Scenario]) -> None:
    with (SAMPLES / "expected.csv").open("w", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(COLUMNS)
        for scenario in sorted(scenarios, key=lambda one: one.path):
            for number, row in enumerate(scenario.rows, 1):
                rows.writerow([scenario.path, number, row.klass, row.cause, row.name, row.missing, scenario.how])


def attempt(scenario: Scenario, shared: Path) -> str:
    """What went wrong, in words, or nothing: one bad scenario must not end the others."""
    began = time.monotonic()
    try:
        statuses = make(scenario, shared)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        return f"{scenario.name}: {error}"
    print(f"{scenario.path:55} exit {statuses} {time.monotonic() - began:5.1f} s", flush=True)
    return ""


def main(names: list[str]) -> int:
    if os.getuid():
        print("error: the lab makes network namespaces and needs root\n\nhint: run it with sudo", file=sys.stderr)
        return 2
    chosen = [one for one in SCENARIOS if not names or one.name in names]
    if not names:
        for folder in CLASSES:
            shutil.rmtree(SAMPLES / folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="whyfetch-lab-", ignore_cleanup_errors=True) as work:
        shared = Path(work)
        prepare(shared)
        with ThreadPoolExecutor(CELLS) as cells:
            problems = [text for text in cells.map(lambda one: attempt(one, shared), chosen) if text]
    write_expected(SCENARIOS)
    for text in problems:
        print(f"error: {text}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
