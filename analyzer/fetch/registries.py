"""What a plain HTTP request wants of a package registry: Go module proxy, Python index, npm, OCI, git over HTTP.

Only method, target, Host and User-Agent are looked at, so nothing is known of a fetch inside TLS. Paths may begin with
whatever an in-house mirror puts there. What is returned are words of the wire: `safe` them before they are shown.
"""

from __future__ import annotations

import re

import cython

from analyzer.fetch.target import host_of
from analyzer.model.fields import MAX_TARGET
from analyzer.model.http import Exchange

MAX_NAME = 255
"""Characters of a name or version: OCI distribution-spec, npm (214) and file systems allow no more."""

PYTHON_AGENTS = ("pip/", "uv/", "poetry/", "pdm/", "setuptools/")
NPM_AGENTS = ("npm/", "yarn/", "pnpm/", "bun/", "Bun/")
OCI_AGENTS = ("docker/", "containerd/", "containers/", "buildkit/", "skopeo/", "go-containerregistry/", "oras")
GO_FILES = (".info", ".mod", ".zip")
SDIST = (".tar.gz", ".zip", ".tar.bz2", ".tgz")
VERSION = re.compile(r"\d+\.\d+\.\d+")
ENDED = re.compile(r"[?#;]")
SEPARATORS = re.compile(r"[-_.]+")


class Package:
    """What a request asks a registry for.

    ecosystem  go | pypi | npm | oci | git
    name       module, project, package or repository; "" for the registry itself (an index, a ping)
    version    version, tag or digest, "" when the request names none
    file       go: what of the module: list, VERSION.info, VERSION.mod, VERSION.zip, go-get; of a checksum database:
               supported (the question whether the proxy has it), sumdb; else ""
    """

    def __init__(self, ecosystem: str, name: str, version: str = "", file: str = "") -> None:
        self.begin(ecosystem, name, version, file)

    def begin(self, ecosystem: str, name: str, version: str, file: str) -> None:
        """What `__init__` does; called on a bare object, which costs less."""
        self.ecosystem = ecosystem
        self.name = name
        self.version = version
        self.file = file


def package_of(exchange: Exchange) -> Package | None:
    """What the request asks of a registry; None when it asks none, or in words that none would understand."""
    target: str = exchange.target
    if not marked(target, exchange.user_agent) or len(target) > MAX_TARGET:
        return None
    path, query = target, ""
    if "?" in target:
        path, _, query = target.partition("?")
    if "://" in path:  # absolute form, to a proxy (RFC 9112 3.2.2)
        path = "/" + path.partition("://")[2].partition("/")[2]
    agent = exchange.user_agent
    found = go(path, query, exchange.host, agent) or git(path, query, agent) or oci(path, agent)
    found = found or python(path, agent) or npm(path, agent)
    if found is None:
        return None
    if "%" in path or ";" in path:
        found.name, found.version = named(found.name), named(found.version)
    return found if len(found.name) <= MAX_NAME and len(found.version) <= MAX_NAME else None


def named(text: str) -> str:
    """A name without a query that was percent-encoded, and without path parameters: no registry has such names."""
    return ENDED.split(text, maxsplit=1)[0]


def marked(target: str, agent: str) -> cython.bint:
    """The cheap question, asked of every request: does it have a sign of any registry?"""
    if "/@" in target or "/v2/" in target or "/-/" in target or "/simple" in target or "/info/refs" in target:
        return True
    if "/git-" in target or "/sumdb/" in target or "go-get=1" in target or ".whl" in target:
        return True
    return agent != "" and agent[0] in "npybBu" and agent.startswith(PYTHON_AGENTS + NPM_AGENTS)


def go(path: str, query: str, host: str, agent: str) -> Package | None:
    """A request of the go command: the GOPROXY protocol (go.dev/ref/mod), its checksum database, or `?go-get=1`."""
    if query and "go-get=1" in query.split("&"):
        return Package("go", host_of(host).partition(":")[0] + path.rstrip("/"), "", "go-get")
    if "/sumdb/" in path:
        return checksums(path.partition("/sumdb/")[2])
    if path.endswith("/@latest"):
        return Package("go", module(path[: -len("/@latest")]), "", "list")  # go asks one when the other is not there
    mark: cython.Py_ssize_t = path.rfind("/@v/")
    if mark < 0 or path.find("/", mark + 4) >= 0:
        return None
    name = module(path[:mark])
    file = unescaped(path[mark + 4 :])
    if file.endswith(GO_FILES):
        found: Package = Package.__new__(Package)
        found.begin("go", name, file[: file.rfind(".")], file)
        return found
    return Package("go", name, "", "list") if file == "list" else None


def checksums(rest: str) -> Package | None:
    """NAME/lookup/MODULE@VERSION, NAME/tile/..., NAME/latest or NAME/supported: the checksum database by a proxy."""
    database, _, wanted = rest.partition("/")
    if wanted.startswith("lookup/"):
        name, _, version = unescaped(wanted[len("lookup/") :]).rpartition("@")
        return Package("go", name, version, "sumdb")
    if wanted == "supported":
        return Package("go", database, "", "supported")
    if wanted == "latest" or wanted.startswith("tile/"):
        return Package("go", database, "", "sumdb")
    return None


def module(path: str) -> str:
    """The module path: it begins with a domain (go.dev/ref/mod#go-mod-file-ident), after what the proxy's URL has."""
    dot: cython.Py_ssize_t = path.find(".")
    if dot >= 0:
        path = path[path.rfind("/", 0, dot) + 1 :]
    return unescaped(path.strip("/"))


def unescaped(text: str) -> str:
    """`github.com/!azure` is `github.com/Azure` (go.dev/ref/mod#goproxy-protocol, module.UnescapePath)."""
    if "!" not in text:
        return text
    first, *rest = text.split("!")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def git(path: str, query: str, agent: str) -> Package | None:
    """Git over HTTP (git's http-protocol documentation): discovery of refs, then a pack."""
    for ending in ("/info/refs", "/git-upload-pack", "/git-receive-pack"):
        if path.endswith(ending) and (ending != "/info/refs" or "service=git-" in query or agent.startswith("git/")):
            return Package("git", decoded(path[: -len(ending)].strip("/").removesuffix(".git")))
    return None


def oci(path: str, agent: str) -> Package | None:
    """An image registry (OCI distribution-spec): /v2/NAME/manifests/TAG, /v2/NAME/blobs/DIGEST, /v2/NAME/tags/list."""
    if path in ("/v2/", "/v2"):
        return Package("oci", "") if agent.startswith(OCI_AGENTS) else None
    rest = path.partition("/v2/")[2]
    for part in ("/manifests/", "/blobs/", "/tags/"):
        name, mark, reference = rest.rpartition(part)
        if mark and name and reference:
            return Package("oci", name, decoded(reference) if part != "/tags/" and "/" not in reference else "")
    return None


def python(path: str, agent: str) -> Package | None:
    """The simple index (PEP 503), a wheel (PEP 427) or a source archive (PEP 625); names as PEP 503 normalises them."""
    before, mark, project = path.rstrip("/").rpartition("/")
    if before.endswith("/simple") and mark:
        return Package("pypi", normalised(decoded(project)))
    if path.endswith(("/simple/", "/simple")):
        return Package("pypi", "") if agent.startswith(PYTHON_AGENTS) else None
    file = decoded(project).removesuffix(".metadata")  # PEP 658
    if file.endswith(".whl"):
        parts = file[: -len(".whl")].split("-")
        return Package("pypi", normalised(parts[0]), parts[1]) if len(parts) in (5, 6) else None
    if agent.startswith(PYTHON_AGENTS):
        for ending in SDIST:
            name, dash, version = file.removesuffix(ending).rpartition("-")
            if file.endswith(ending) and dash and version[:1].isdigit():
                return Package("pypi", normalised(name), version)
    return None


def normalised(name: str) -> str:
    """PEP 503: runs of `-`, `_` and `.` are one `-`, all lower case."""
    return SEPARATORS.sub("-", name).lower()


def npm(path: str, agent: str) -> Package | None:
    """A package's document or tarball (the npm registry's API); `@scope%2fname` and `@scope/name` are the same."""
    whole = decoded(path)
    before, mark, file = whole.rpartition("/-/")
    name = scoped(before)
    short = name.rpartition("/")[2]
    if mark and short and file.startswith(short + "-") and file.endswith(".tgz"):
        return Package("npm", name, file[len(short) + 1 : -len(".tgz")])
    if not agent.startswith(NPM_AGENTS):
        return None
    if mark or "/-/" in whole + "/":
        return Package("npm", "")
    rest, _, last = whole.rstrip("/").rpartition("/")
    if VERSION.match(last) and scoped(rest):
        return Package("npm", scoped(rest), last)
    return Package("npm", scoped(whole.rstrip("/")))


def scoped(path: str) -> str:
    """The last element of a path, with its @scope before it."""
    scope, _, name = path.rpartition("/")
    scope = scope.rpartition("/")[2]
    return f"{scope}/{name}" if scope.startswith("@") and name else name


def decoded(text: str) -> str:
    """Percent-decoded (RFC 3986 2.1); bytes that are no UTF-8 become U+FFFD."""
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)
