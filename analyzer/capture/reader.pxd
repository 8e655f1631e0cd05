from analyzer.capture.frame cimport Frames

cdef class Reader(Frames):
    cdef public object stream
    cdef public str name
    cdef public list warnings
    cdef public bint damaged, ended
    cdef public Py_ssize_t at, size, chunk_at
    cdef public bytes chunk
    cpdef bint more(self, Py_ssize_t need) except -1
    cdef bint next_chunk(self) except -1
    cdef bint join(self, Py_ssize_t need) except -1
    cdef bint read_chunk(self) except -1
    cpdef bint finish(self) except -1
    cpdef damage(self, str what)
