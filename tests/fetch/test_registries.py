"""What a request asks of a package registry, by its method's target, Host and User-Agent."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.fetch.model import Fetch
from analyzer.fetch.registries import MAX_NAME, MAX_TARGET, package_of
from analyzer.model.connection import Connection
from analyzer.model.http import Exchange
from analyzer.output.cells import CsvCells
from analyzer.output.columns import COLUMNS
from analyzer.output.row import csv_line

GO, PIP, NPM, DOCKER = "Go-http-client/1.1", "pip/23.2.1 {}", "npm/10.2.0 node/v20", "docker/24.0 go/go1.20"
DIGEST = "sha256:" + "ab" * 32


def request(target, agent="", host="registry.example"):
    exchange = Exchange(0)
    exchange.method, exchange.target, exchange.user_agent, exchange.host = "GET", target, agent, host
    return exchange


@pytest.mark.parametrize(
    ("target", "agent", "found"),
    [
        ("/github.com/!azure/azure-sdk/@v/v1.2.3.info", GO, ("go", "github.com/Azure/azure-sdk", "v1.2.3")),
        ("/goproxy/example.org/m/v2/@v/v2.0.0+incompatible.zip", GO, ("go", "example.org/m/v2", "v2.0.0+incompatible")),
        ("/example.org/m/@v/list", GO, ("go", "example.org/m", "")),
        ("/example.org/m/@latest", GO, ("go", "example.org/m", "")),
        ("/sumdb/sum.golang.org/supported", GO, ("go", "sum.golang.org", "")),
        ("/sumdb/sum.golang.org/lookup/example.org/!m@v1.0.0", GO, ("go", "example.org/M", "v1.0.0")),
        ("/sumdb/sum.golang.org/tile/8/0/x123/456", GO, ("go", "sum.golang.org", "")),
        ("/m?go-get=1", GO, ("go", "registry.example/m", "")),
        ("/simple/Zope.Interface_x/", PIP, ("pypi", "zope-interface-x", "")),
        ("http://registry.example/simple/foo/", PIP, ("pypi", "foo", "")),
        ("/packages/ab/Foo_Bar-1.0.post1-2-cp311-cp311-linux_x86_64.whl", PIP, ("pypi", "foo-bar", "1.0.post1")),
        ("/packages/ab/foo-1.0-py3-none-any.whl.metadata", PIP, ("pypi", "foo", "1.0")),
        ("/packages/ab/foo-bar-1.0.tar.gz", PIP, ("pypi", "foo-bar", "1.0")),
        ("/left-pad", NPM, ("npm", "left-pad", "")),
        ("/mirror/npm/left-pad", NPM, ("npm", "left-pad", "")),
        ("/@types%2fnode", NPM, ("npm", "@types/node", "")),
        ("/left-pad/-/left-pad-1.3.0.tgz", "", ("npm", "left-pad", "1.3.0")),
        ("/@types/node/-/node-20.1.0-beta.1.tgz", NPM, ("npm", "@types/node", "20.1.0-beta.1")),
        ("/-/npm/v1/security/audits/quick", NPM, ("npm", "", "")),
        ("/v2/", DOCKER, ("oci", "", "")),
        ("/v2/library/nginx/manifests/1.25", DOCKER, ("oci", "library/nginx", "1.25")),
        (f"/v2/a/b/blobs/{DIGEST}", "", ("oci", "a/b", DIGEST)),
        ("/v2/a/b/blobs/uploads/42", DOCKER, ("oci", "a/b", "")),
        ("/v2/a/b/tags/list", DOCKER, ("oci", "a/b", "")),
        ("/group/repo.git/info/refs?service=git-upload-pack", "", ("git", "group/repo", "")),
        ("/group/repo.git/git-upload-pack", "", ("git", "group/repo", "")),
    ],
)
def test_package_and_version(target, agent, found):
    """Escapes are undone, names are normalised as their registry does."""
    package = package_of(request(target, agent))
    assert (package.ecosystem, package.name, package.version) == found


@pytest.mark.parametrize(
    ("target", "agent"),
    [
        ("/", ""),
        ("/style.css", ""),
        ("/v2/users", "curl/8"),
        ("/v2/", "curl/8"),
        ("/group/project/-/merge_requests", ""),
        ("/left-pad", "Mozilla/5.0"),
        ("/files/foo-1.0.tar.gz", "curl/8"),
        ("/@v/", GO),
        ("/m/@v/v1.0.0.exe", GO),
        ("/a-b.whl", PIP),
        ("/simple", ""),
        ("/info/refs", ""),
        ("/?not-go-get=1", ""),
        ("/example.org/m/@v/" + "v" * MAX_TARGET + ".zip", GO),
        ("/simple/" + "a" * (MAX_NAME + 1) + "/", PIP),
    ],
)
def test_other_requests_ask_no_registry(target, agent):
    """What only looks alike, or is longer than any registry allows, is nobody's package."""
    assert package_of(request(target, agent)) is None


@pytest.mark.parametrize(
    "target",
    [
        "/simple/%1b[31mred/",
        "/simple/=1+1/",
        "/v2/\x1b]0;title\x07/manifests/\u202egpj",
        "/@evil%0d%0aname/-/x",
        "/a\r\nb/@v/v1.0.0\x9b.info",
        "/%00%ff.git/info/refs?service=git-upload-pack",
    ],
)
def test_hostile_names_are_shown_escaped(target):
    """Control characters, terminal escapes, direction marks and formulas from a path never reach a cell raw."""
    exchange = request(target, NPM)
    fetch = Fetch(Connection(0), exchange)
    line = csv_line(CsvCells(), fetch).decode()
    (cells,) = csv.reader(io.StringIO(line, newline=""))
    row = dict(zip(COLUMNS, cells, strict=True))
    shown = row["ecosystem"] + row["package"] + row["package_version"]
    assert row["ecosystem"]
    assert shown.isprintable()
    assert not row["package"].startswith("=")


@given(st.text(max_size=80), st.sampled_from([GO, PIP, NPM, DOCKER, "git/2.39", ""]))
def test_any_target_is_a_package_or_none(text, agent):
    """No target raises, and what is found keeps within its length."""
    for target in (
        text,
        f"/{text}/@v/{text}.zip",
        f"/simple/{text}",
        f"/{text}/-/{text}.tgz",
        f"/v2/{text}/blobs/{text}",
    ):
        found = package_of(request(target, agent))
        assert found is None or max(len(found.name), len(found.version)) <= MAX_NAME
