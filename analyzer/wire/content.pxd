from analyzer.wire.http.parser cimport HttpParser
from analyzer.wire.model cimport Connection, Side
from analyzer.wire.tls.parser cimport TlsParser

cdef class Intake:
    cdef public long long start, at
    cdef public object data
    cdef public list pieces
    cpdef add(self, bytes data, long long packet, long long time, long long ack)
    cpdef bytes head(self)

cdef class Content:
    cdef public Connection connection
    cdef public int state, step, searching, unsynced, swap_roles, prologues, client_tries, server_tries
    cdef public Intake from_client, from_server, misplaced
    cdef public Side misplaced_side
    cdef public TlsParser tls
    cdef public HttpParser http
    cdef public object lookups, dns
    cpdef data(self, Side side, bytes data, long long packet, long long time, long long ack)
    cpdef gap(self, Side side, long long length, long long packet, long long time)
    cpdef end(self, Side side, long long packet, long long time)
    cpdef finish(self)
    cpdef _take(self, Side side, bytes data, long long packet, long long time, long long ack)
    cpdef _advance(self)
    cpdef bint _begin(self)
    cpdef bint _proxy(self, Intake client, bytes head)
    cpdef bint _socks_begins(self, Intake client, bytes head, int kind)
    cpdef bint _socks(self)
    cpdef int _socks_step(self, bytes head) except -2
    cpdef int _socks5_reply(self, bytes head) except -2
    cpdef _note(self, str via)
    cpdef _start_tls(self)
    cpdef _start_http(self)
    cpdef _start_dns(self)
    cpdef _pass(self, str protocol)
    cpdef _close(self)
    cpdef _settle(self)
    cpdef _replay(self)
    cpdef _hand_on(self, Side side, Intake intake)
    cpdef _switch(self, Side side, long long packet, long long time, long long ack)
    cpdef _again(self, Side side, bytes data, long long start, long long packet, long long time, long long ack)
    cpdef bint _answer_shows(self, Side side, long long length, long long packet, long long time) except -1
    cpdef _miss(self, Side side)
    cpdef _search(self, Side side, bytes data, long long packet, long long time, long long ack)
    cpdef _start_client(self, bytes data)
    cpdef bint _synced(self, Side side, bytes data)
    cpdef _try_again(self, Side side)
    cpdef _place(self)
