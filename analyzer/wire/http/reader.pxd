from analyzer.wire.http.stream cimport Stream
from analyzer.wire.model cimport Connection, Exchange, Side

cdef class Reader:
    cdef public Connection connection
    cdef public Stream client, server
    cdef public int tunnel
    cpdef data(self, Side side, bytes data, long long packet, long long time, long long ack)
    cpdef gap(self, Side side, long long length, long long packet, long long time)
