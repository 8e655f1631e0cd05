from analyzer.wire.http.stream cimport Stream
from analyzer.wire.model cimport Connection, Exchange, Milestone, Side

cdef class HttpParser:
    cdef public Connection connection
    cdef public Stream client, server
    cdef public int tunnel
    cdef public long long dropped, count
    cdef public list waiting
    cdef public Exchange orphan
    cdef public long long orphan_ack
    cdef public bytes leftover_client, leftover_server
    cdef public long long leftover_client_start, leftover_server_start
    cdef public bytearray held
    cpdef data(self, Side side, bytes data, long long packet, long long time, long long ack)
    cpdef gap(self, Side side, long long length, long long packet, long long time)
    cpdef end(self, Side side, long long packet, long long time)
    cpdef finish(self)
