from analyzer.layer.layer cimport Layer, Segment
from analyzer.model.http cimport Exchange

cdef int CLOSE, OPCODE, LENGTH, RESERVED, IMPOSSIBLE
cdef long long NEVER

cdef class Websocket(Layer):
    cdef public Exchange exchange
    cdef public bytearray client_head, server_head
    cdef write(self, Segment segment, Py_ssize_t at, long long head, long long size)
    cdef Py_ssize_t lose(self) except -1

cpdef long long payload_size(bytearray head) except? -2
cpdef bint is_frame(int first) except -1
cpdef int told(bytearray head) except -1
