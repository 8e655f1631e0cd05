from analyzer.capture.frame cimport Frames

cdef class LimitedFrames(Frames):
    cdef public Frames frames
    cdef public long long most, until
    cdef public object stop
    cdef public bint over
    cpdef bint advance(self) except -1
    cpdef bint end(self) except -1
