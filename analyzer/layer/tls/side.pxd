cimport cython

from analyzer.frame.octets cimport cut
from analyzer.layer.layer cimport Segment
from analyzer.layer.tls.hello cimport read_client_hello, read_cut_server_hello, read_server_hello
from analyzer.layer.tls.records cimport Keyed, RecordWalk
from analyzer.model.connection cimport Connection, Event
from analyzer.model.tls cimport Alert, Record, Tls

# the constants of side.py as C numbers
cdef int CLIENT, SERVER, ALERT, APPLICATION_DATA, CCS, HANDSHAKE, HEADER, MAX_RECORDS, TLS13, MALFORMED
cdef int CLIENT_HELLO, SERVER_HELLO, NEW_SESSION_TICKET, CERTIFICATE, CERTIFICATE_REQUEST, EMPTY_LIST, HELLO_SHOWN, SERVER_HELLO_DONE, MAX_MESSAGE, MAX_ALERTS, MAX_MILESTONES, ALERT_LENGTH, BEHIND_RANDOM

@cython.final
cdef class TlsSide(RecordWalk):
    cdef public Connection connection
    cdef public TlsSide peer
    cdef public bytearray message
    cdef public bytes alert, random, ticket
    cdef public Keyed inside
    cdef public object told
    cdef public list sealed
    cdef public Py_ssize_t need
    cdef public int started, blind, ccs
    cdef public long long start_packet, start_time, start_offset
    cdef Py_ssize_t messages(self, bytes data, Py_ssize_t at, Py_ssize_t end, long long base, Segment segment) except -1
    cdef _announce(self, bytes data, Py_ssize_t at, long long base, Segment segment)
    cdef _client_hello_begins(self, Record record)
    cdef _message(self, bytes data, Py_ssize_t at, Py_ssize_t end, Segment segment)
    cdef _client_hello(self, bytes data, Py_ssize_t at, Py_ssize_t end, Segment segment)
    cdef Py_ssize_t weight(self) except -1
    cdef _server_hello(self, bytes data, Py_ssize_t at, Py_ssize_t end)
    cdef _server_hello_cut(self, bytes data)
    cdef _cite_server_hello(self, int retry, Record record)
    cdef finish(self)
    cdef _change_cipher(self, Record record)
    cdef _finished(self, Record record)
    cdef bint protected(self, int kind) except -1
    cdef _alert(self, Record record)
    cdef _malformed(self, str what)
    cdef Record kept(self, Record record)
    cdef cite(self, str what, long long packet, long long time, long long offset, Record record, object note)
