from analyzer.frame.octets cimport cut
from analyzer.layer.layer cimport Segment
from analyzer.model.connection cimport Direction, Inner
from analyzer.model.log cimport Log
from analyzer.model.tls cimport Record, Tls

# the constants of records.py as C numbers
cdef int ALERT, LATE_RECORDS, APPLICATION_DATA, CCS, HEADER, HEARTBEAT, MAX_LENGTH, MAX_RECORDS, MAX_REPLY, SERVER
cdef long long NEVER

cdef class RecordWalk

cdef class Keyed:
    cdef bint wants(self, int index, int kind, int length) except -1
    cdef over(self, RecordWalk side, Record record, bytes body)
    cpdef Py_ssize_t weight(self) except -1

cdef class RecordWalk:
    cdef public Tls tls
    cdef public int index, version, open, wanted, dead, adrift, replying, keyed, asks, paused
    cdef public list records, late
    cdef public long long count, end, header_packet, header_time, header_ack
    cdef public Record last, prior
    cdef public bytes header
    cdef public Log log
    cdef public Inner carrier
    cdef begin(self, Tls tls, int index, Direction carrier)
    cdef long long far(self, long long offset) except? -1
    cdef over(self, Record record)
    cdef int wants(self, int kind, int length) except -1
    cdef body(self, Segment segment, Py_ssize_t at, Py_ssize_t end, long long offset)
    cdef complete(self, Record record)
    cpdef bytes sealed_body(self)
    cpdef Record begun(self)
    cpdef alerted(self, Record record, bytes plain)
    cdef Py_ssize_t feed(self, Segment segment) except -1
    cdef Py_ssize_t hole(self, Segment segment) except -1
    cdef _passed(self, long long packet, long long time)
    cdef bint found(self, Segment segment) except -1
    cdef torn(self)
    cdef lose(self, long long since)
    cdef Py_ssize_t give_up(self, long long offset) except -1
    cdef Py_ssize_t _running(self, Segment segment, Py_ssize_t at, long long left) except -1
    cdef _finish(self, Segment segment, Py_ssize_t at, Py_ssize_t end, long long base)
    cdef _begin(self, int kind, int length, long long start, long long packet, long long time, long long ack)
    cdef Py_ssize_t _header(self, Segment segment, Py_ssize_t at, long long base) except -1
    cdef Py_ssize_t _bad(self, bytes first, long long offset, long long packet, long long time) except -1
    cdef Py_ssize_t reply(self, bytes data) except -1
