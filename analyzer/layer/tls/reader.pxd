cdef class FieldReader:
    cdef public bytes source
    cdef public Py_ssize_t at, limit
    cpdef long long number(self, int width) except -1
    cpdef bytes take(self, long long length)
    cpdef FieldReader block(self, int width)
    cpdef bint more(self)

cpdef str text(bytes data, int most)
