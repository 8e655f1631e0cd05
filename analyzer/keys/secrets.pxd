from analyzer.keys.hidden cimport Shared

cdef class Secrets(Shared):
    cdef public bytes random, root
    cdef public Py_ssize_t count, disagreeing
    cdef public set origins
    cdef object _finder
    cdef dict _found
    cpdef list of(self, str label)
    cpdef add(self, str label, bytes secret, str origin)
    cpdef resume(self, Secrets other)
    cpdef bint more(self) except -1
