from analyzer.frame.octets cimport cut
from analyzer.model.connection cimport Side
from analyzer.model.tls cimport Record, Tls

# the constants of records.py as C numbers
cdef int ALERT, LATE_RECORDS, APPLICATION_DATA, CCS, HEADER, HEARTBEAT, MAX_LENGTH, MAX_RECORDS, MAX_REPLY, SERVER
cdef long long NEVER

cdef class RecordWalk:
    cdef public Tls tls
    cdef public int index, version, open, wanted, dead, adrift, replying
    cdef public list records, late
    cdef public long long count, end, header_packet, header_time, header_ack
    cdef public Record last, prior
    cdef public bytes header
    cdef begin(self, Tls tls, int index)
    cdef bint wants(self, int kind, int length) except -1
    cdef body(self, bytes data, Py_ssize_t at, Py_ssize_t end, long long offset, long long packet, long long time)
    cdef complete(self, Record record)
    cpdef data(
        self, Side side, bytes data, Py_ssize_t at, Py_ssize_t end, long long packet, long long time, long long ack
    )
    cpdef gap(self, Side side, long long length, long long packet, long long time)
    cdef _passed(self, long long packet, long long time)
    cdef bint found(self, Side side, bytes data, Py_ssize_t at, Py_ssize_t end) except -1
    cdef torn(self)
    cdef lose(self, long long since)
    cdef give_up(self, Side side)
    cdef _running(self, Side side, bytes data, Py_ssize_t at, Py_ssize_t end, long long left, long long packet, long long time)
    cdef _finish(self, bytes data, Py_ssize_t at, Py_ssize_t end, long long base, long long packet, long long time)
    cdef _begin(self, int kind, int length, long long start, long long packet, long long time, long long ack)
    cdef Py_ssize_t _header(
        self, Side side, bytes data, Py_ssize_t at, Py_ssize_t end, long long base, long long packet, long long time,
        long long ack
    ) except -1
    cdef _bad(self, Side side, bytes first, long long packet, long long time)
    cdef reply(self, Side side, bytes data)
