from analyzer.wire.model cimport Connection

cdef long long LINGER_NS, DOUBTFUL_LINGER_NS, NEVER

cdef class Lingering:
    cdef public list heap
    cdef public long long serial, due
    cpdef add(self, Connection connection)
    cpdef list over(self, long long now)

cpdef long long leaves(Connection connection) except? -1
cpdef bint doubtful(Connection connection) except -1
