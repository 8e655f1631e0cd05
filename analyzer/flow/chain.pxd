cimport cython

from analyzer.model.connection cimport Connection

@cython.final
cdef class Chain:
    cdef public Connection first, last
    cdef public long long size
    cdef add(self, Connection connection)
    cdef discard(self, Connection connection)
    cpdef list[Connection] some(self, long long most)
