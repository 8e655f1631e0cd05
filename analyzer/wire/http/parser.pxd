from analyzer.wire.http.reader cimport Reader
from analyzer.wire.http.stream cimport Stream
from analyzer.wire.model cimport Connection, Exchange, Side

cdef class HttpParser(Reader):
    cdef public long long dropped, count
    cdef public list waiting
    cdef public Exchange orphan
    cdef public long long orphan_ack
    cdef public bytes leftover_client, leftover_server
    cdef public long long leftover_client_start, leftover_server_start
    cdef public bytearray held
    cpdef end(self, Side side, long long packet, long long time)
    cpdef finish(self)
