# not compiled: a table
"""Every cause a verdict can name: its class, who is to blame by default, what to do next, and what clients print.

One table; the signatures hold the rules, this file holds the words. Families (`tls-alert-NAME`, `http-status-NNN`,
`http-proxy-connect-NNN`, `http2-rst-stream-NAME`, `http2-goaway-NAME`) have one entry under their prefix, refined by
`ALERT_ADVICE`, `STATUS_ADVICE` and `HTTP2_ADVICE`.
Sources: signatures.md 2.1 to 2.4 and 2.6.
"""

from __future__ import annotations

CONNECT = "syn-retransmit"
RST = "rst"
STALL = "tls-stall"
TLS = "tls-failure"
HTTP = "http-failure"
DNS = "dns-failure"

TIMEOUT = (
    "Go: `dial tcp: i/o timeout`; curl (28): `Connection timed out`; requests, pip: `ConnectTimeoutError`; "
    "Node, npm: `ETIMEDOUT`; Java: `Connect timed out`"
)
REFUSED = (
    "Go: `connect: connection refused`; curl (7): `Couldn't connect to server`; Python: `[Errno 111]`; "
    "Node: `ECONNREFUSED`"
)
NO_ROUTE = (
    "Go: `connect: no route to host`; curl (7): `Couldn't connect to server`; Python: `[Errno 113]`; "
    "Node: `EHOSTUNREACH`"
)
UNREACHABLE = (
    "Go: `connect: network is unreachable`; curl (7): `Couldn't connect to server`; Python: `[Errno 101]`; "
    "Node: `ENETUNREACH`"
)
RESET = (
    "Go: `read: connection reset by peer`; curl (35 in TLS, 56 later): `Recv failure`; Python: `[Errno 104]`; "
    "Node: `ECONNRESET`; Java: `Connection reset`"
)
TLS_TIMEOUT = (
    "Go: `net/http: TLS handshake timeout`; curl (28): `Connection timed out`; requests, pip: `ReadTimeout`; "
    "Java: `Read timed out`; git: hangs"
)
TLS_EOF = (
    "Go: `EOF`; curl (35): `SSL_ERROR_SYSCALL`; Python: `UNEXPECTED_EOF_WHILE_READING`; Node: `ECONNRESET`; "
    "Java: `Remote host terminated the handshake`"
)
NOT_TLS = (
    "Go: `server gave HTTP response to HTTPS client`; curl (35): `wrong version number`; Python: "
    "`WRONG_VERSION_NUMBER`; Node: `EPROTO`"
)
BAD_CERTIFICATE = (
    "Go: `x509: ...`; curl (60): `SSL certificate problem`; Python: `CERTIFICATE_VERIFY_FAILED`; "
    "Node: `UNABLE_TO_VERIFY_LEAF_SIGNATURE` or alike; Java: `PKIX path building failed`"
)
REMOTE_ALERT = (
    "Go: `remote error: tls: ...`; curl (35): `... alert ...`; Python: `SSLError ... ALERT ...`; Node: `EPROTO`"
)
OWN_TIMER = (
    "Go: `context deadline exceeded (Client.Timeout exceeded while awaiting headers)`; curl (28): `Operation timed "
    "out`; requests, pip: `ReadTimeout`; Java: `Read timed out`"
)
EMPTY = (
    "Go: `EOF`; curl (52): `Empty reply from server`; requests: `RemoteDisconnected`; Node: `socket hang up`; "
    "Java: `Unexpected end of file from server`"
)
TRUNCATED = (
    "Go: `unexpected EOF`; curl (18): `transfer closed with N bytes remaining`; requests: `IncompleteRead`; "
    "Node: `aborted`; Java: silent success"
)
GARBAGE = (
    "Go: `malformed HTTP response`; curl (1): `Received HTTP/0.9 when not allowed`; requests: `BadStatusLine`; "
    "Node: `HPE_INVALID_CONSTANT`"
)
STREAM_RESET = (
    "Go: `stream error: stream ID N; CODE; received from peer`; curl (92): `HTTP/2 stream N was not closed cleanly: "
    "CODE (err N)`; Node: `ERR_HTTP2_STREAM_ERROR`; Java: `Received RST_STREAM`; Go and curl send a "
    "refused stream's request again by themselves"
)
GONE_AWAY = (
    "Go: `http2: server sent GOAWAY and closed the connection; LastStreamID=N, ErrCode=...`; curl (18): `HTTP/2 stream "
    "N was not closed cleanly before end of the underlying stream`; Node: `ERR_HTTP2_SESSION_ERROR`, "
    "`ERR_HTTP2_GOAWAY_SESSION`; Java: `GOAWAY received`"
)
MALFORMED = (
    "Go: `stream error: stream ID N; PROTOCOL_ERROR; ...`, `server replied with more than declared Content-Length`; "
    "curl (92): `HTTP/2 stream N was not closed cleanly: PROTOCOL_ERROR (err 1)`; Node: `ERR_HTTP2_STREAM_ERROR`, "
    "`Stream closed with error code NGHTTP2_PROTOCOL_ERROR`"
)

NO_SUCH_HOST = (
    "Go: `lookup NAME on SERVER: no such host`; curl (6), git: `Could not resolve host`; Python, pip: `[Errno -2] Name "
    "or service not known`; Node, npm: `ENOTFOUND`; wget: `unable to resolve host address`; Java: "
    "`UnknownHostException`"
)
NO_ADDRESS = (
    "Go: `lookup NAME on SERVER: no such host`; curl (6), git: `Could not resolve host`; Python, pip: `[Errno -5] No "
    "address associated with hostname`; Node, npm: `ENOTFOUND`; wget: `unable to resolve host address`; Java: "
    "`UnknownHostException`"
)
NO_RESOLVER = (
    "curl (6), git: `Could not resolve host`; Python, pip: `[Errno -3] Temporary failure in name resolution`; Node, "
    "npm: `EAI_AGAIN`; wget: `unable to resolve host address`; Java: `UnknownHostException`"
)


class Cause:
    """One row of the table; `blame` is client, server, network or "" (the wire does not tell)."""

    __slots__ = ("advice", "blame", "client_errors", "id", "klass")

    def __init__(self, cause: str, klass: str, blame: str, advice: str, client_errors: str = "") -> None:
        self.id = cause
        self.klass = klass
        self.blame = blame
        self.advice = advice
        self.client_errors = client_errors


TABLE = (
    # The connection was never made (signatures.md 2.1).
    Cause("syn-no-answer", CONNECT, "network",
          "Look for a firewall or security group that drops, a wrong address or route, or a host that is down: "
          "capture at "
          "the server, and run `traceroute -T -p PORT SERVER`; at the server, `nstat -az TcpExtListenDrops`.", TIMEOUT),
    Cause("syn-abandoned", CONNECT, "client",
          "Compare with the client's own log: a connect timeout below 1 s, a cancellation or a killed process looks "
          "so.",
          TIMEOUT),
    Cause("syn-answered-late", CONNECT, "network",
          "Raise the client's connect timeout above the delay of the SYN-ACK, or find out why the answer is late (ARP, "
          "wake-up, a full SYN queue, a SYN proxy).", TIMEOUT),
    Cause("syn-answered-from-another-address", CONNECT, "network",
          "NAT (a service address, a balancer, Docker or Kubernetes) is not undone on the way back: look for a way "
          "that bypasses the device that translated, for bridged traffic that its firewall does not see "
          "(`net.bridge.bridge-nf-call-iptables=1`), for several addresses of one host, or for a missing masquerade "
          "rule.", TIMEOUT),
    Cause("synack-lost", CONNECT, "network",
          "The way back loses packets: check the return route, NAT and firewalls that see only one direction; capture "
          "nearer to the client.", TIMEOUT),
    Cause("final-ack-lost", CONNECT, "server",
          "Most often the server's accept queue is full: compare Recv-Q with Send-Q in `ss -ltn` there and read "
          "`nstat -az TcpExtListenOverflows`; else the client's ACK is lost on the way, or a SYN proxy has no backend.",
          "a read timeout: the client believes that it is connected"),
    Cause("synack-unanswered", CONNECT, "client",
          "The server answered and heard nothing more: the client is gone, the SYN was forged, or packets towards the "
          "server are lost. Capture at the client.", TIMEOUT),
    Cause("syn-challenge-ack", CONNECT, "network",
          "The server, or a NAT before it, still holds an old connection with the same ports: look for ports that are "
          "reused too soon.", TIMEOUT),
    Cause("syn-reset-ignored", CONNECT, "network",
          "Somebody answers for the server with resets that are not valid: a firewall or NAT with a wrong idea of the "
          "connection, a user-mode network stack, or a broken one at the server. Capture there: does the SYN arrive, "
          "and who sends the reset?", TIMEOUT),
    Cause("icmp-port-unreachable", CONNECT, "server",
          "A firewall rejects the port (iptables `REJECT` does so by default): the ICMP's sender names the device. The "
          "client says \"connection refused\" although nobody sent a RST.", REFUSED),
    Cause("icmp-host-unreachable", CONNECT, "network",
          "The last router gets no answer from the host: is it up, and is the address right?", NO_ROUTE),
    Cause("icmp-net-unreachable", CONNECT, "network",
          "A router has no route to this network: check routing at the ICMP's sender.", UNREACHABLE),
    Cause("icmp-admin-prohibited", CONNECT, "network",
          "A firewall or router rule forbids it and says so: ask the owner of the device that sent the "
          "ICMP.", NO_ROUTE),
    Cause("icmp-ttl-exceeded", CONNECT, "network",
          "Packets run in a circle: look for a routing loop with `traceroute` or `mtr`.", NO_ROUTE),
    Cause("icmp-frag-needed", CONNECT, "network",
          "A link on the path has a very small MTU: check tunnels and the MTU that the ICMP reports.", TIMEOUT),
    Cause("icmp-protocol-unreachable", CONNECT, "server",
          "The host says that it speaks no TCP: a filter, or the wrong address.", NO_ROUTE),
    # The name never resolved (1.2).
    Cause("dns-nxdomain", DNS, "client",
          "Nobody knows the name: look for a typing error, a record that was never made or has gone, a private zone "
          "that this resolver does not serve, or a VPN that is off: `dig NAME @SERVER`.", NO_SUCH_HOST),
    Cause("dns-servfail", DNS, "server",
          "The resolver could not get an answer itself: ask another one (`dig NAME @1.1.1.1`), and the same without "
          "DNSSEC validation (`dig +cd NAME`); read the resolver's log, and test the zone's name servers.",
          "Go: `server misbehaving`; " + NO_RESOLVER),
    Cause("dns-refused", DNS, "server",
          "The resolver does not serve this client or this name: check its access list and whether it is a recursive "
          "resolver at all; compare /etc/resolv.conf with what the network hands out.",
          "Go: `server misbehaving`; " + NO_RESOLVER),
    Cause("dns-no-answer", DNS, "network",
          "No answer came from any resolver: check the addresses in /etc/resolv.conf, that port 53 passes the firewall "
          "(`dig NAME @SERVER`, then `dig +tcp`), and that the resolver runs; capture there to see whether the "
          "question arrives.", "Go: `lookup NAME on SERVER: ... i/o timeout`; " + NO_RESOLVER),
    Cause("dns-no-address", DNS, "client",
          "The name exists without A and AAAA record: look at what it has (`dig NAME ANY`), and whether a subdomain "
          "such as `www.` was meant.",
          NO_ADDRESS),
    # A reset cut it (2.2).
    Cause("rst-refused", RST, "server",
          "Nothing listens there, or a firewall resets: `ss -ltn` at the server; compare TTL and delay of the RST "
          "with a port that works.", REFUSED),
    Cause("rst-on-accept", RST, "server",
          "The listener took the connection and dropped it at once: a full queue with `tcp_abort_on_overflow`, an "
          "allow-list, a balancer or `docker-proxy` without a live backend. Or who sent the SYN-ACK is not who resets: "
          "a SYN proxy, or SYN cookies that the server does not accept.", RESET),
    Cause("rst-after-clienthello", RST, "",
          "Something resets upon the ClientHello: try the same address with another server name, and another network "
          "path; a filter on the name, a port that speaks no TLS, or a device that dislikes a large hello "
          "(`curl --curves X25519`).", RESET),
    Cause("rst-during-tls-handshake", RST, "server",
          "The handshake had begun: look at the server's log for a crash or a refused client certificate, and for a "
          "middlebox that reads certificates.", RESET),
    Cause("rst-after-tls-silence", RST, "server",
          "A handshake timer ran out at the server, a balancer or a NAT: find what kept the handshake waiting before "
          "it.",
          RESET),
    Cause("rst-after-request", RST, "server",
          "The server took the request and reset: look for a crashed worker, a WAF, a body that is too large, or a "
          "balancer whose backend died.", RESET),
    Cause("rst-mid-response", RST, "server",
          "The response was cut: look for a server process that died, a send timeout, a balancer that drains, or a "
          "filter on content.", RESET),
    Cause("rst-stale-connection", RST, "client",
          "The connection had gone stale while idle: set the client's idle timeout below the server's; a good client "
          "sends the request again by itself.", RESET),
    Cause("rst-idle-timeout", RST, "network",
          "An idle timer of a balancer, NAT or firewall cut the wait: compare the silence with their timers, or make "
          "the server answer sooner.", RESET),
    Cause("rst-by-client", RST, "client",
          "The client itself reset: a killed process, an abortive close (SO_LINGER 0), local security software, or a "
          "device that resets both ends (compare the TTL).", "nothing, or the client's own cancellation"),
    # TLS began and fell silent (2.3).
    Cause("tls-clienthello-unacked", STALL, "network",
          "Small packets pass and the ClientHello does not: test the path MTU (`ping -M do -s 1472`), another server "
          "name, and `curl --tls-max 1.2`; a firewall or SYN proxy may drop after the TCP handshake.", TLS_TIMEOUT),
    Cause("tls-clienthello-partial", STALL, "network",
          "The second segment of a large ClientHello is dropped: test without the post-quantum group "
          "(`curl --curves X25519`), and the path MTU.", TLS_TIMEOUT),
    Cause("tls-no-server-hello", STALL, "server",
          "The server's kernel took the ClientHello and TLS never answered: look for a stuck process or a balancer "
          "that waits "
          "for its backend; `openssl s_client -connect ADDRESS -servername NAME`; capture at the server, since its "
          "whole answer may also be lost.", TLS_TIMEOUT),
    Cause("tls-server-flight-lost", STALL, "network",
          "The server's answer is lost on the way, most often a path MTU problem: lower the MTU (`ip link set mtu "
          "1400`) or "
          "clamp the MSS at the tunnel; look for filtered ICMP 3/4; `net.ipv4.tcp_mtu_probing=1`.", TLS_TIMEOUT),
    Cause("tls-server-flight-stalled", STALL, "server",
          "The server stopped within its own flight: look for a proxy that buffers, or a process that "
          "stopped.", TLS_TIMEOUT),
    Cause("tls-client-silent", STALL, "client",
          "It is the client's turn: look for a slow revocation check (OCSP, CRL), a smart card that waits for a PIN, "
          "or a busy process.", "the server prints the timeout, if anybody does"),
    Cause("tls-no-server-finished", STALL, "server",
          "The server got the client's Finished and does not confirm: look at its key store (HSM, keyless) and at the "
          "check of client certificates.", TLS_TIMEOUT),
    # TLS began and was ended (2.3).
    Cause("tls-server-fin", TLS, "server",
          "The server hung up in the middle of the handshake: a port without TLS, a balancer without certificate, a "
          "crash, or an allow-list. Look at its log.", TLS_EOF),
    Cause("tls-client-fin", TLS, "client",
          "The client hung up before the handshake was done: a cancellation, a health check, or a certificate that it "
          "rejected without saying so (Node, git and wget do).", "the client's own reason"),
    Cause("tls-alert", TLS, "",
          "The alert says why; its sender's log says more.", REMOTE_ALERT),
    Cause("tls-alert-encrypted", TLS, "client",
          "After a TLS 1.3 server flight an encrypted alert of the client is nearly always a rejected certificate: "
          "`openssl s_client -verify_return_error`, check the CA bundle, the host name and the "
          "clock.", BAD_CERTIFICATE),
    Cause("tls-http-reply", TLS, "client",
          "An https:// URL meets a port that speaks plain HTTP, or a proxy's error page: check scheme and "
          "port.", NOT_TLS),
    Cause("tls-banner-reply", TLS, "client",
          "The port speaks another protocol: check the port number.", NOT_TLS),
    Cause("tls-garbage", TLS, "server",
          "What came back is no TLS: check the port number, and what stands in between.", NOT_TLS),
    Cause("tls-sslv2", TLS, "client",
          "The client is ancient: it opens with an SSL 2.0 hello, which no server takes any more.", REMOTE_ALERT),
    # HTTP in plain text, or visible from outside (2.4).
    Cause("http-status", HTTP, "server", "Read the response: the status is the server's own word.",
          "the status itself"),
    Cause("http-plain-on-tls-port", HTTP, "client", "Plain HTTP was sent to a TLS port: use https://.",
          "the status itself"),
    Cause("http-client-closed-no-response", HTTP, "client",
          "Find who closed after exactly that long: a client timeout shorter than the server's answer, a user, or a "
          "balancer. The server's log says 499 (nginx) or 460 (AWS ALB).", OWN_TIMER),
    Cause("http-client-abort-request", HTTP, "client",
          "The upload was broken off: look at the client's log for a crash or an upload "
          "timeout.", "the client's own reason"),
    Cause("http-client-abort-response", HTTP, "client",
          "The client had enough: a cancellation, a size or time limit, or a download manager that goes on with "
          "ranges.",
          "curl (28, 23): the client's own limit"),
    Cause("http-expect-100-no-reply", HTTP, "server",
          "The client asked by `Expect: 100-continue` whether it may send its body, and nobody said yes or no: look "
          "for a proxy or a server that does not know it, and switch it off at the client (`curl -H 'Expect:'`), which "
          "must not wait for ever (RFC 9110 10.1.1).", OWN_TIMER),
    Cause("http-no-response-server-closed", HTTP, "server",
          "The server read the request and hung up: look for a crash or restart, `return 444`, or a balancer without "
          "error page.", EMPTY),
    Cause("http-keepalive-race", HTTP, "client",
          "The server's keep-alive timer fired as the client sent: set the client's idle timeout below the "
          "server's.", EMPTY),
    Cause("http-response-truncated", HTTP, "server",
          "The response stops short of what its head announced: look behind the proxy for an upstream that died, for "
          "a full disk and for size limits.", TRUNCATED),
    Cause("http-response-stalled", HTTP, "server",
          "The response stopped in the middle: look at the server and at the path for what changed then.", OWN_TIMER),
    Cause("http-no-response-stalled", HTTP, "server",
          "Still waiting: a slow handler, or a long poll, which would be no failure.", "nothing yet"),
    Cause("http-request-unacked", HTTP, "network",
          "The path broke after the connection was made: look for lost NAT or firewall state, and for the path MTU if "
          "the request is large.", OWN_TIMER),
    Cause("http-garbage-response", HTTP, "server",
          "What came back is no HTTP: check the port, and what stands in between.", GARBAGE),
    Cause("http-on-tls-server", HTTP, "client",
          "Plain HTTP was sent to a TLS port, and a TLS alert came back: use https://.", GARBAGE),
    Cause("http-proxy-connect", HTTP, "server",
          "The proxy refused the tunnel: check its rules, credentials and its way to the target.",
          "Go: the status line; curl (56): `CONNECT tunnel failed`; requests: `ProxyError`"),
    Cause("http-proxy-connect-no-reply", HTTP, "server",
          "The proxy never answered CONNECT: look at its log and at its way to the target.", OWN_TIMER),
    Cause("http2-rst-stream", HTTP, "server",
          "The server gave up this one stream; its code says why, its log says more.", STREAM_RESET),
    Cause("http2-goaway", HTTP, "server",
          "The server gave up the connection; its code says why, its log says more.", GONE_AWAY),
    Cause("http2-response-malformed", HTTP, "server",
          "The server, or a proxy before it, breaks the rules of HTTP/2: look at the stream in Wireshark; `curl "
          "--http1.1` may work meanwhile.", MALFORMED),
    Cause("tls-opaque-client-gave-up", HTTP, "client",
          "Find who closed after exactly that long: most often a client timeout shorter than the server's answer. The "
          "server's log should say 499 (nginx) or 460 (AWS ALB).", OWN_TIMER),
    Cause("tls-opaque-no-response-server-closed", HTTP, "server",
          "The server hung up without an answer: look at its log.", EMPTY),
    Cause("tls-opaque-cut", HTTP, "server",
          "The server stopped within a TLS record and hung up: look for a process that died.", TRUNCATED),
)  # fmt: skip

CAUSES = {entry.id: entry for entry in TABLE}
FAMILIES = {
    "tls-alert": "NAME",
    "http-status": "NNN",
    "http-proxy-connect": "NNN",
    "http2-rst-stream": "NAME",
    "http2-goaway": "NAME",
}
"""Causes that end in a name or number of the wire, with what stands for it."""

RETRY_SAFE = "The server says that it has not processed the request: it may safely be sent again (RFC 9113 8.7)."
HTTP2_ADVICE = {
    0: "The server is shutting the connection down in good order: a good client sends the request again on a new one.",
    1: "The server finds that the client breaks the protocol: look at its log for what, and at proxies in between.",
    2: "Something broke inside the server, or a proxy's upstream cut its response: read its log.",
    3: "One side broke flow control: look for a broken HTTP/2 library on either side.",
    7: "The server takes no more streams for now: lower the client's concurrency, or raise the server's limit.",
    8: "The server has no more use for the stream: look at its log for a timeout or a cancelled handler.",
    9: "The header compression of the two sides has run apart: look for a broken HTTP/2 library or proxy.",
    11: "The server finds that the client asks too much (many streams, resets or pings): slow down; read its log.",
    13: "The server wants HTTP/1.1 for this request: `curl --http1.1`.",
}
CLIENT_ERRORS = frozenset((1, 3, 4, 5, 6, 9, 11, 12, 13))
"""Errors of HTTP/2 with which a server says that the client did wrong (RFC 9113 7)."""

CERTIFICATE_ALERTS = frozenset((41, 42, 43, 44, 45, 46, 48, 49, 51))
"""Alerts about the peer's certificate."""

ALERT_ADVICE = {
    40: "No cipher, group or certificate in common: compare `openssl s_client` with the server's configuration.",
    70: "No TLS version in common: one side is too old, or is configured so; try `curl --tls-max 1.2` and `--tlsv1.3`.",
    71: "The server wants stronger ciphers than the client offers.",
    80: "Something broke inside the server: read its log.",
    86: "The client retried with an older TLS version and the server refuses the downgrade: fix the first attempt.",
    112: "The server knows no such name: check the SNI, and which certificates the server or balancer has.",
    116: "The server wants a client certificate: configure one.",
    120: "No application protocol in common (ALPN): check HTTP/2 support of both sides.",
}

STATUS_ADVICE = {
    401: "Credentials are missing or wrong.",
    403: "The server forbids it: check credentials, permissions and the client's address.",
    404: "Nothing has that name there: check the URL; for a Go module proxy, the next GOPROXY entry is asked.",
    407: "The proxy wants credentials.",
    408: "The server got tired of waiting for the request.",
    410: "It is gone for good; for a Go module proxy, the next GOPROXY entry is asked.",
    413: "The upload is larger than the server takes.",
    429: "Too many requests: slow down, and heed Retry-After.",
    497: "Plain HTTP was sent to a TLS port: use https://.",
    500: "The application failed: read its log.",
    502: "The proxy got no good answer from its upstream: read the proxy's error log.",
    503: "No healthy backend, or overload: look at the balancer's health checks.",
    504: "The proxy waited in vain for its upstream: compare the time to the first byte with the proxy's read timeout.",
}


def cause_of(cause: str) -> Cause:
    """The entry of a cause, or of its family."""
    entry = CAUSES.get(cause)
    if entry is not None:
        return entry
    for family in FAMILIES:
        if cause.startswith(family):
            return CAUSES[family]
    return CAUSES["http-status"]
