from analyzer.wire.model cimport Connection, Record, Side, Tls
from analyzer.wire.tls.records cimport RecordWalk

cdef class Half(RecordWalk):
    cdef public Connection connection
    cdef public object message
    cdef public bytes alert
    cdef public Py_ssize_t need, partial
    cdef public int started, blind, ccs
    cdef public long long start_packet, start_time, start_offset
    cpdef _announce(self, Py_ssize_t at, long long base, long long packet, long long time, Record record)
    cpdef _client_hello_begins(self, Record record)
    cpdef _message(self, bytes message, int kind, long long packet, long long time)
    cpdef _client_hello(self, bytes message, long long packet, long long time)
    cpdef _server_hello(self, bytes message)
    cpdef _peek(self)
    cpdef _change_cipher(self, Record record)
    cpdef _finished(self, Record record)
    cpdef _alert(self, Record record)
    cpdef _malformed(self, str what)
    cpdef Record kept(self, Record record)
    cpdef cite(self, str what, long long packet, long long time, long long offset, Record record, object note)

cdef class TlsParser:
    cdef public Tls tls
    cdef public Half client, server
    cdef public int sslv2
    cpdef data(self, Side side, bytes data, long long packet, long long time, long long ack)
    cpdef gap(self, Side side, long long length, long long packet, long long time)
    cpdef end(self, Side side, long long packet, long long time)
    cpdef finish(self)
    cpdef begin_sslv2(self, int size)
    cpdef _sslv2(self, Side side, bytes data, long long packet, long long time, long long ack)
