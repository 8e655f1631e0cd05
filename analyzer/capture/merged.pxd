from analyzer.capture.frame cimport Frames

cdef class MergedFrames(Frames):
    cdef public list waiting
    cdef public object opened, done
    cdef public Frames member
    cdef public long long until, finished, latest_end
    cdef public int index, until_index
    cpdef bint advance(self) except -1
    cpdef bint switch(self) except -1
