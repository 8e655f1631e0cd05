from analyzer.wire.detection cimport client_protocol, looks_like, on_record_boundary
from analyzer.wire.http.parser cimport HttpParser
from analyzer.wire.intake cimport Intake, Waiting
from analyzer.wire.model cimport Connection, Exchange, Side
from analyzer.wire.socks cimport Socks
from analyzer.wire.tls.parser cimport TlsParser

# the constants of content.py, detection.py, prologue.py and socks.py as C numbers
cdef int UNDECIDED, IN_TLS, IN_HTTP, PASSED, IN_DNS, IN_HTTP2, CLIENT, SERVER, MAX_BUFFER, MAX_FIRST, MAX_TRIES, MAX_PROLOGUES
cdef int H2C, HTTP, NEED, OTHER, PROXY, SOCKS4, SOCKS5, SSLV2, TLS, MORE, WRONG, OVER, DNS_PORT
cdef long long NEVER

cdef class Content(Waiting):
    cdef public int state, searching, unsynced, swap_roles, prologues, client_tries, server_tries
    cdef public Socks socks
    cdef public Intake misplaced
    cdef public Side misplaced_side
    cdef public TlsParser tls
    cdef public HttpParser http
    cdef public object lookups, dns, http2
    cpdef gap(self, Side side, long long length, long long packet, long long time)
    cpdef end(self, Side side, long long packet, long long time)
    cpdef finish(self)
    cpdef _take(self, Side side, bytes data, long long packet, long long time, long long ack)
    cpdef _advance(self)
    cpdef bint _begin(self)
    cpdef bint _proxy(self, Intake client, bytes head)
    cpdef bint _socks_begins(self, Intake client, bytes head, int kind)
    cpdef bint _peel(self, Intake client, int size, str via)
    cpdef bint _socks(self, Socks socks)
    cpdef _note(self, str via)
    cpdef _start_tls(self)
    cpdef _start_http(self)
    cpdef _start_http2(self, Exchange upgraded)
    cpdef _start_dns(self)
    cpdef _pass(self, str protocol)
    cpdef _close(self)
    cpdef _settle(self)
    cpdef _switch(self, Side side, long long packet, long long time, long long ack)
    cpdef _start_over(self)
    cpdef Exchange _upgraded(self)
    cpdef bint _answer_shows(self, Side side, long long length, long long packet, long long time) except -1
    cpdef _miss(self, Side side)
    cpdef _search(self, Side side, bytes data, long long packet, long long time, long long ack)
    cpdef _start(self, int kind, bytes head)
    cpdef bint _synced(self, Side side, bytes data)
    cpdef _try_again(self, Side side)
    cpdef _place(self)
