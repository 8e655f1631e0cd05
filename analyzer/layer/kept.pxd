from analyzer.layer.layer cimport Layer, Segment
from analyzer.model.connection cimport Direction, Inner

cdef int CLIENT, WINDOW, MAX_BUFFER, MAX_PIECES, PIECE
cdef long long NEVER

cdef class Kept:
    cdef public long long start, at
    cdef public object data
    cdef public list pieces, places
    cpdef add(self, Segment segment)
    cpdef note(self, Segment segment, Direction side, long long acknowledged)
    cpdef bytes head(self)
    cpdef bytes first(self)
    cpdef Py_ssize_t left(self) except -1
    cpdef bint full(self) except -1
    cpdef Py_ssize_t weight(self) except -1

cpdef tuple where(Inner side)
cpdef Layer replay(Layer layer, Direction side, Kept kept)

cdef class Waiting(Layer):
    cdef public Kept from_client, from_server
    cdef public long long over_packet, over_time
    cdef wait(self)
    cpdef take_over(self, Waiting other)
    cdef Kept keep(self, Segment segment)
    cdef become(self, Layer layer)
    cdef Layer over(self, Layer layer)
    cdef pass_over(self)
