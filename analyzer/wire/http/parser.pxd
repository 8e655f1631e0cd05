from analyzer.wire.http.reader cimport Reader
from analyzer.wire.http.stream cimport Stream
from analyzer.wire.model cimport Connection, Exchange, Side

cdef class HttpParser(Reader):
    cdef public long long dropped, count
    cdef public list waiting
    cdef public list orphans
    cdef public bytes leftover_client, leftover_server
    cdef public long long leftover_client_start, leftover_server_start
    cdef public bytearray held
    cpdef end(self, Side side, long long packet, long long time)
    cpdef finish(self)
    cpdef begin_request(self, Stream stream)
    cpdef request_head_over(self, dict found)
    cpdef note_acked(self, Exchange exchange)
    cpdef begin_status(self, str version, int status, str reason)
    cpdef begin_response(self, Stream stream, Exchange exchange)
    cpdef response_head_over(self, dict found)
    cpdef Exchange new_exchange(self)
    cpdef drop(self, Exchange exchange)
    cpdef message_over(self, Stream stream)
    cpdef update(self, Stream stream, Exchange exchange)
