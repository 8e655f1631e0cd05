cdef class Recent:
    cdef public object kept
    cdef public Py_ssize_t most, each, size, forgotten
    cpdef list of(self, object key)
    cpdef add(self, object key, object thing)
    cpdef touch(self, object key)

cdef list NOTHING
