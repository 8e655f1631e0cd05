from analyzer.wire.http.notes cimport forget
from analyzer.wire.http.reader cimport Reader
from analyzer.wire.http.stream cimport Stream
from analyzer.wire.model cimport Connection, Exchange

# the constant of states.py as a C number
cdef int BODY, LOST

cdef class Pairing(Reader):
    cdef public long long dropped, count, text
    cdef public list waiting, orphans
    cdef public Exchange interim
    cdef begin_pairing(self, Connection connection)
    cdef Exchange new_exchange(self)
    cdef bint later(self, Exchange exchange, Stream stream) except -1
    cdef Exchange unasked(self, Stream stream)
    cdef Exchange claim_orphan(self, Stream stream)
    cdef drop(self, Exchange exchange)

cpdef Py_ssize_t text_of(Exchange exchange) except -1
