cimport cython

from analyzer.frame.octets cimport cut
from analyzer.model.connection cimport Connection, Direction, Inner
from analyzer.model.log cimport Log

cdef long long NEVER

@cython.final
cdef class Segment:
    cdef public Direction side
    cdef public bytes data
    cdef public Py_ssize_t at, end
    cdef public long long packet, time, acknowledged, first, lost
    cdef public int fin
    cpdef Segment fill(
        self, Direction side, long long packet, long long time, long long acknowledged, bytes data, Py_ssize_t at,
        Py_ssize_t end
    )
    cpdef bytes content(self)

cdef class Layer:
    cdef public Connection connection
    cdef public Direction up, down
    cdef public object lookups, keys
    cdef public Log log
    cdef public int depth, carried
    cdef public Layer heir
    cpdef join(self, Layer parent)
    cpdef begin(self, Connection connection, Direction up, Direction down, object lookups, object keys=*)
    cpdef tell(self, str protocol, bytes first)
    cpdef Py_ssize_t feed(self, Segment segment) except -1
    cpdef acknowledged(self, long long ack, long long packet, long long time)
    cpdef finish(self)
    cpdef Py_ssize_t weight(self) except -1
    cpdef bint swap(self) except -1

cpdef long long place(Direction side, long long offset) except? -1
