from analyzer.capture.frame cimport Frames

cdef class Reader(Frames):
    cdef public object stream, losses
    cdef public str name
    cdef public list warnings
    cdef public bint damaged, ended
    cdef public Py_ssize_t at, size, chunk_at
    cdef public bytes chunk
    cdef public str unit, given_up
    cdef public Py_ssize_t lookahead, shortest
    cdef public long long searched, looked, others, allowed, newest, silent
    cpdef bint more(self, Py_ssize_t need) except -1
    cdef bint next_chunk(self) except -1
    cdef bint join(self, Py_ssize_t need) except -1
    cdef bint read_chunk(self) except -1
    cpdef bint finish(self) except -1
    cdef bint pause(self) except -1
    cpdef bint recover(self) except -1
    cpdef bint seek_frame(self) except -1
    cdef bint seek_until(self, Py_ssize_t last, long long most) except -1
    cdef long long search_cost(self) except? -1
    cdef long long most_search(self, long long longest) except? -1
    cpdef give_up(self, str why)
    cpdef bint too_many(self) except -1
    cpdef bint begins(self, Py_ssize_t at) except -1
    cpdef end(self, str what)
    cpdef damage(self, str what)
