"""Scenarios about names: lookups that fail, and resolvers' ways that look as if they did (lab.resolver)."""

from __future__ import annotations

from lab.cell import SERVER, SERVER6
from lab.clients import curl, go, python, shell, wget
from lab.model import NO_NEIGHBOURS, Capture, Row, Scenario

WITH_DNS = f"udp port 53 or {NO_NEIGHBOURS}"
CAPTURE = Capture(filter=WITH_DNS)
QUICK = f"nameserver {SERVER}\noptions timeout:1 attempts:2\n"
GOOD = "good.lab.example"
STUB = f"dnsmasq -k -u root -p 53 -a 127.0.0.1 -h -R -c 0 -S {SERVER}"


def failed(cause: str, name: str) -> tuple[Row, ...]:
    return (Row("dns-failure", cause, name),)


def scenario(name: str, rows: tuple[Row, ...], how: str, *clients: tuple[str, ...], resolv: str = QUICK) -> Scenario:
    """One with the resolver, a web server on port 80, and the DNS messages in the capture."""
    return Scenario(name, rows, how, clients, servers=(("http_ok", 80),), resolv=resolv, capture=CAPTURE)


DNS = (
    scenario(
        "curl-nxdomain",
        failed("dns-nxdomain", "missing.lab.example"),
        "the name does not exist; glibc asks for A and AAAA",
        curl("http://missing.lab.example/"),
    ),
    scenario(
        "go-nxdomain",
        failed("dns-nxdomain", "missing.lab.example"),
        "as curl-nxdomain with Go's own resolver, which sends EDNS",
        go("http://missing.lab.example/"),
    ),
    scenario(
        "git-nxdomain",
        failed("dns-nxdomain", "missing.lab.example"),
        "`git ls-remote` of a host that does not exist",
        ("git", "ls-remote", "http://missing.lab.example/repo.git"),
    ),
    scenario(
        "pip-nxdomain",
        failed("dns-nxdomain", "missing.lab.example"),
        "pip asks for an index whose host does not exist, and asks again half a second later",
        python(
            *("pip", "download", "--no-cache-dir", "--disable-pip-version-check", "--retries", "1", "-d", "{work}"),
            *("--trusted-host", "missing.lab.example", "-i", "http://missing.lab.example/simple", "labpkg"),
        ),
    ),
    scenario(
        "npm-nxdomain",
        failed("dns-nxdomain", "missing.lab.example"),
        "npm asks for a registry whose host does not exist",
        shell(
            "HOME={work} npm view labpkg --registry http://missing.lab.example/ --fetch-retries 0"
            " --no-update-notifier --cache {work}/npm"
        ),
    ),
    scenario(
        "python-search-domains-nxdomain",
        failed("dns-nxdomain", "missing.lab.example"),
        "the name does not exist, alone or with either of two search domains behind it",
        python("fetch", "http://missing.lab.example/", "{ca}"),
        resolv=QUICK + "search corp.example dept.example\n",
    ),
    scenario(
        "python-servfail",
        failed("dns-servfail", "broken.lab.example"),
        "the resolver answers SERVFAIL, to the second try as well",
        python("fetch", "http://broken.lab.example/", "{ca}"),
    ),
    scenario(
        "go-servfail",
        failed("dns-servfail", "broken.lab.example"),
        "as python-servfail with Go's own resolver",
        go("http://broken.lab.example/"),
    ),
    scenario(
        "curl-resolver-refuses",
        failed("dns-refused", "forbidden.lab.example"),
        "the resolver answers REFUSED",
        curl("http://forbidden.lab.example/"),
    ),
    scenario(
        "curl-resolver-silent",
        failed("dns-no-answer", "silent.lab.example"),
        "no question is answered; two tries of 1 s",
        curl("http://silent.lab.example/"),
    ),
    scenario(
        "go-resolver-silent",
        failed("dns-no-answer", "silent.lab.example"),
        "as curl-resolver-silent with Go's own resolver",
        go("http://silent.lab.example/"),
    ),
    Scenario(
        "wget-resolver-port-closed",
        failed("dns-no-answer", GOOD),
        "nothing listens on port 53 of the configured resolver: ICMP port unreachable",
        (wget("http://good.lab.example/"),),
        resolv="nameserver 198.51.100.1\noptions timeout:1 attempts:2\n",  # the router
        capture=CAPTURE,
    ),
    scenario(
        "node-no-address",
        failed("dns-no-address", "mail.lab.example"),
        "the name exists and has neither A nor AAAA record",
        ("node", "-e", "fetch('http://mail.lab.example/').catch(() => process.exit(1))"),
    ),
    Scenario(
        "curl-nxdomain-through-stub",
        failed("dns-nxdomain", "missing.lab.example"),
        "dnsmasq on 127.0.0.1 passes the question on; captured on all interfaces, every question is there twice",
        (shell(f"{STUB} & sleep 0.5; curl -sS -m 4 http://missing.lab.example/; kill $!"),),
        resolv="nameserver 127.0.0.1\n",
        capture=Capture(filter=WITH_DNS, device="any"),
    ),
)
DNS_OK = (
    scenario(
        "curl-name-answered-on-retry",
        (Row("ok", "", "late.lab.example"),),
        "the first question for each family is lost, the next is answered a second later",
        curl("http://late.lab.example/"),
    ),
    scenario(
        "curl-search-domain",
        (Row("ok", "", GOOD),),
        "ndots:4 makes glibc try the search domain first, which has no such name",
        curl(f"http://{GOOD}/"),
        resolv=QUICK + "search corp.example\noptions ndots:4\n",
    ),
    scenario(
        "go-search-domain-completes-the-name",
        (Row("ok", "", "good"),),
        "`good` means good.lab.example: the name with the search domain behind it answers",
        go("http://good/"),
        resolv=QUICK + "search corp.example lab.example\n",
    ),
    scenario(
        "wget-ipv4-only-name",
        (Row("ok", "", GOOD),),
        "AAAA gets an empty answer, A an address",
        wget(f"http://{GOOD}/"),
    ),
    scenario(
        "curl-second-resolver-answers",
        (Row("ok", "", "second.lab.example"),),
        "the first server of resolv.conf says SERVFAIL, the second has the address",
        curl("http://second.lab.example/"),
        resolv=f"nameserver {SERVER}\nnameserver {SERVER6}\noptions timeout:1 attempts:2\n",
    ),
    scenario(
        "curl-name-over-tcp",
        (Row("ok", "", "many.lab.example"),),
        "60 addresses do not fit into a UDP answer: TC, and the same question over TCP",
        curl("http://many.lab.example/"),
    ),
    Scenario(
        "go-name-known-syn-dropped",
        (Row("syn-retransmit", "syn-no-answer", GOOD),),
        "the name resolves, every SYN is dropped: only DNS says which host was wanted",
        (go(f"https://{GOOD}/", 5),),
        faults=("router forward tcp dport 443 drop",),
        resolv=QUICK,
        capture=CAPTURE,
    ),
    Scenario(
        "tail-missing-dns",
        (Row("incomplete", "", "silent.lab.example", "tail"),),
        "as curl-resolver-silent with the default timeout of 5 s; the capture stops after 1.5 s",
        (curl("http://silent.lab.example/"),),
        resolv=f"nameserver {SERVER}\n",
        capture=Capture(filter=WITH_DNS, stop=1.5),
    ),
)
