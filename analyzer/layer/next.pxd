from analyzer.layer.detection cimport client_protocol
from analyzer.layer.http1.parser cimport HttpParser
from analyzer.layer.kept cimport Kept, Waiting
from analyzer.layer.layer cimport Layer, Segment
from analyzer.layer.socks cimport Socks
from analyzer.layer.tls.parser cimport TlsParser
from analyzer.model.http cimport Exchange

# the constants of next.py as C numbers
cdef int CLIENT, SERVER, MAX_FIRST, DNS_PORT, MORE, WRONG
cdef int H2C, HTTP, NEED, OTHER, PROXY, SOCKS4, SOCKS5, SSLV2, TLS
cdef long long NEVER

cdef class Next(Waiting):
    cdef Py_ssize_t hand_over(self, Layer layer, Segment segment) except -1
    cdef decide(self)
    cdef bint take_off(self, Kept client, int size, str via) except -1
    cpdef note(self, str via)
    cdef start(self, int kind, bytes head)
    cdef Layer choose(self, int kind, bytes head)
    cdef TlsParser tls(self)
    cdef HttpParser http(self)
    cpdef Layer http2(self, Exchange upgraded)
    cdef start_socks(self, Kept client, bytes head, int kind)
    cpdef give_up(self)
    cdef not_understood(self)
    cdef settle(self)
    cdef Py_ssize_t ended(self, Segment segment) except -1
    cdef Py_ssize_t miss(self, Segment segment) except -1
    cdef forget(self)
    cdef bint answer_shows(self, Segment segment) except -1
