cimport cython

from analyzer.layer.layer cimport Layer, Segment
from analyzer.layer.tls.records cimport Keyed
from analyzer.layer.tls.side cimport TlsSide
from analyzer.model.tls cimport Record, Tls

cdef int CLIENT, SERVER, RECORD, FREE_RECORDS

@cython.final
cdef class TlsParser(Layer):
    cdef public Tls tls
    cdef public TlsSide client, server
    cdef public int sslv2
    cdef public Keyed inside
    cdef unlock(self)
    cdef Py_ssize_t _client(self, Segment segment) except -1
    cdef Py_ssize_t records(self) except -1
    cpdef begin_sslv2(self, int size)
    cdef Py_ssize_t _sslv2(self, Segment segment) except -1
