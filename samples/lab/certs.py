"""A throw-away CA and its certificates, made by openssl when the lab runs; nothing of it is kept."""

from __future__ import annotations

import subprocess
from pathlib import Path


def openssl(*arguments: str, cwd: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


def issue(folder: Path, name: str, hosts: list[str], *dates: str) -> None:
    """NAME.pem for the hosts, signed by the CA, with the one server key."""
    names = ",".join(f"DNS:{host}" for host in hosts)
    subject = ["-subj", f"/CN={hosts[0]}", "-addext", f"subjectAltName={names}"]
    openssl("req", "-new", "-key", "www.key", "-out", f"{name}.csr", *subject, cwd=folder)
    signing = ["ca", "-batch", "-notext", "-config", "ca.cnf", "-in", f"{name}.csr", "-out", f"{name}.pem", *dates]
    openssl(*signing, cwd=folder)


CA_CONFIG = """
[ca]
default_ca = lab
[lab]
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 30
unique_subject = no
copy_extensions = copy
policy = any
[any]
commonName = supplied
"""


def make(folder: Path) -> None:
    """ca.pem, www.chain.pem (padded by the CA's own certificate), expired.pem, wrong.pem, www.p12 for Java."""
    folder.mkdir()
    (folder / "ca.cnf").write_text(CA_CONFIG)
    (folder / "index.txt").touch()
    (folder / "serial").write_text("1000\n")
    root = ["-x509", "-newkey", "rsa:3072", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30"]
    openssl("req", *root, "-subj", "/CN=Lab Example CA", cwd=folder)
    openssl("genrsa", "-out", "www.key", "2048", cwd=folder)
    issue(folder, "www", [f"{name}.lab.example" for name in ("www", "six", "dual", "mirror", "sum")])
    issue(folder, "expired", ["expired.lab.example"], "-startdate", "20200101000000Z", "-enddate", "20210101000000Z")
    issue(folder, "wrong", ["another.example"])
    chain = (folder / "www.pem").read_text() + (folder / "ca.pem").read_text()
    (folder / "www.chain.pem").write_text(chain)
    store = ["-export", "-in", "www.pem", "-inkey", "www.key", "-out", "www.p12", "-passout", "pass:lab"]
    openssl("pkcs12", *store, cwd=folder)
