from analyzer.wire.http.stream cimport Stream
from analyzer.wire.model cimport Connection, Exchange, Side

cdef class Reader:
    cdef public Connection connection
    cdef public Stream client, server
    cdef public int tunnel
    cpdef data(self, Side side, bytes data, long long packet, long long time, long long ack)
    cpdef gap(self, Side side, long long length, long long packet, long long time)
    cpdef read(self, Stream stream, bytes data)
    cpdef Py_ssize_t read_line(self, Stream stream, bytes data, Py_ssize_t at) except -1
    cpdef Py_ssize_t read_head(self, Stream stream, bytes data, Py_ssize_t at) except -1
    cpdef body_over(self, Stream stream)
    cpdef begin_framed(self, Stream stream, str kind, long long length)
    cpdef message_over(self, Stream stream)
    cpdef update(self, Stream stream, Exchange exchange)
