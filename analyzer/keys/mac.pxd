from analyzer.keys.hidden cimport Hidden

cdef class Mac(Hidden):
    cdef object _inner, _outer
    cpdef bytes of(self, bytes begin, object rest)

cpdef bytes hmac(str name, bytes key, bytes message)
cpdef list hmacs(str name, bytes key, object messages)
