cimport cython

cdef int SPARE

@cython.final
cdef class Line:
    cdef public list items
    cdef public Py_ssize_t kept, head
    cpdef bint empty(self) except -1
    cpdef join(self, object item)
    cpdef first(self)
    cpdef leave(self)
