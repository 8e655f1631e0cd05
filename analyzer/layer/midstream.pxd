from analyzer.flow.roles cimport told_by_bytes
from analyzer.layer.detection cimport client_protocol, looks_like, on_record_boundary
from analyzer.layer.layer cimport Layer, Segment
from analyzer.layer.next cimport Next
from analyzer.layer.tls.parser cimport TlsParser

cdef int CLIENTS, CLIENT, SERVER, H2C, HTTP, MAX_TRIES, BOTH
cdef long long NEVER

cdef class Midstream(Next):
    cdef public TlsParser records
    cdef public int unsynced, client_tries, server_tries
    cdef Py_ssize_t search(self, Segment segment) except -1
    cdef Py_ssize_t filter(self, TlsParser records, Segment segment) except -1
    cdef Py_ssize_t try_again(self, Segment segment) except -1
