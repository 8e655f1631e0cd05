from analyzer.capture.frame cimport Frames
from analyzer.capture.live.packing cimport put_packet

cdef long long BATCH, AGE, OVERHEAD, DROP_COUNT

cdef class WrittenFrames(Frames):
    cdef public Frames frames
    cdef public object file
    cdef public bytearray buffer
    cdef public long long pending, room, first
    cdef public bint on, begun
    cdef public int known_interface, known_link, described
    cpdef bint advance(self) except -1
    cdef bint write(self) except -1
    cdef bint tell_drops(self, Py_ssize_t at) except -1
    cdef bint describe(self) except -1
    cdef bint grow(self, Py_ssize_t need) except -1
    cdef bint next_file(self) except -1
    cpdef bint flush(self) except -1
