from analyzer.layer.http1.notes cimport forget
from analyzer.layer.http1.reader cimport HttpReader
from analyzer.layer.http1.stream cimport Http1Side
from analyzer.layer.layer cimport place
from analyzer.model.http cimport Exchange

# the constant of states.py as a C number
cdef int BODY, LOST

cdef class Pairing(HttpReader):
    cdef public long long dropped, count, text
    cdef public list waiting, orphans
    cdef public Exchange interim
    cdef begin_pairing(self)
    cdef Exchange new_exchange(self)
    cdef bint later(self, Exchange exchange, Http1Side stream) except -1
    cdef Exchange unasked(self, Http1Side stream)
    cdef Exchange claim_orphan(self, Http1Side stream)
    cdef drop(self, Exchange exchange)

cpdef Py_ssize_t text_of(Exchange exchange) except -1
