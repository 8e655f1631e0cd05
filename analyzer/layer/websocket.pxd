from analyzer.model.connection cimport Side
from analyzer.model.http cimport Exchange

cdef int CLOSE, OPCODE, LENGTH, RESERVED, IMPOSSIBLE
cdef long long NEVER

cdef class Websocket:
    cdef public Exchange exchange
    cdef public bytearray client_head, server_head
    cpdef data(self, Side side, bytes data, Py_ssize_t at, Py_ssize_t end, long long packet)
    cpdef lose(self, Side side)

cpdef long long payload_size(bytearray head) except? -2
cpdef bint is_frame(int first) except -1
cpdef int told(bytearray head) except -1
