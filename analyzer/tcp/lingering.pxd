from analyzer.model.connection cimport Connection

cdef int TIDY
cdef long long LINGER_NS, DOUBTFUL_LINGER_NS, NEVER

cdef class Lingering:
    cdef public object queue
    cdef public list late
    cdef public long long serial, due, most
    cpdef add(self, Connection connection)
    cdef wait(self, Connection connection)
    cdef tidy(self)
    cpdef list leave_early(self, int most)
    cpdef list over(self, long long now)
    cdef part(self, Connection connection, long long now, list[Connection] over, list[Connection] waiting)

cpdef long long leaves(Connection connection) except? -1
cpdef bint doubtful(Connection connection) except -1
