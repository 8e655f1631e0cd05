cdef class Hidden:
    pass

cdef class Shared(Hidden):
    pass
