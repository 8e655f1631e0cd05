from analyzer.flow.roles cimport told_by_bytes
from analyzer.frame.octets cimport cut
from analyzer.layer.detection cimport client_protocol, looks_like, on_record_boundary, refusal
from analyzer.layer.http1.parser cimport HttpParser
from analyzer.layer.intake cimport Intake
from analyzer.layer.peeling cimport Peeling
from analyzer.layer.tls.parser cimport TlsParser
from analyzer.model.connection cimport Connection, Side
from analyzer.model.http cimport Exchange

# the constants of content.py, detection.py and peeling.py as C numbers
cdef int UNDECIDED, IN_TLS, IN_HTTP, PASSED, IN_DNS, IN_HTTP2, IN_WEBSOCKET, LISTENING
cdef int CLIENT, SERVER, CLIENTS, MAX_BUFFER, MAX_PIECES, MAX_FIRST, MAX_TRIES, MAX_PROLOGUES
cdef int H2C, HTTP, NEED, OTHER, PROXY, SOCKS4, SOCKS5, SSLV2, TLS, DNS_PORT
cdef long long NEVER

cdef class Content(Peeling):
    cdef public int state, searching, unsynced, client_tries, server_tries
    cdef public TlsParser tls
    cdef public HttpParser http
    cdef public object lookups, dns, http2, websocket
    cdef _copied(self, Side side, bytes data, long long packet, long long time, long long ack)
    cpdef gap(self, Side side, long long length, long long packet, long long time)
    cpdef end(self, Side side, long long packet, long long time)
    cpdef finish(self)
    cpdef _take(self, Side side, bytes data, long long packet, long long time, long long ack)
    cpdef _advance(self)
    cpdef bint _begin(self)
    cpdef _start_tls(self)
    cpdef _start_http(self)
    cpdef _start_http2(self, Exchange upgraded)
    cpdef _start_dns(self)
    cpdef _not_understood(self)
    cpdef _listen(self, Side side, bytes data, long long packet, long long time, long long ack)
    cpdef _judge_answer(self)
    cpdef _close(self)
    cpdef _settle(self)
    cpdef _switch(self, Side side, long long packet, long long time, long long ack)
    cpdef _start_over(self)
    cpdef Exchange _switched_to(self, str protocol)
    cpdef bint _answer_shows(self, Side side, long long length, long long packet, long long time) except -1
    cpdef _miss(self, Side side)
    cpdef _search(self, Side side, bytes data, long long packet, long long time, long long ack)
    cpdef _start(self, int kind, bytes head)
    cpdef bint _synced(self, Side side, bytes data)
    cpdef _try_again(self, Side side)
    cpdef bint swap(self) except -1
