cimport cython

from analyzer.wire.model cimport Connection

cdef long long LINGER_NS

@cython.final
cdef class Lingering:
    cdef public object queue
    cdef public list late
    cdef add(self, Connection connection)
    cdef list over(self, long long now)

cdef bint is_over(Connection connection, long long now) except -1
