cdef class Frames:
    cdef public bytes data
    cdef public Py_ssize_t start, captured
    cdef public long long length, time, number, position, total, missed
    cdef public int link, interface
    cdef public bint idle
    cpdef bint advance(self) except -1
