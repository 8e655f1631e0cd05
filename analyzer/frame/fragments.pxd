cimport cython

from analyzer.frame.cursor cimport Cursor

cdef int MAX_DATAGRAMS, MAX_BYTES, ABSENT, PRESENT, CUT
cdef long long TIMEOUT, COPY_NS

@cython.final
cdef class Datagram:
    cdef public bytes addresses
    cdef public int version, protocol, ttl, ip_id, has_first
    cdef public long long opened, finished
    cdef public Py_ssize_t total, covered
    cdef public bytearray data, units

    cdef bint add(self, Cursor cursor) except -1
    cdef bint complete(self)
    cdef Py_ssize_t present(self) except -1
    cdef bytes packet(self)

@cython.final
cdef class Fragments:
    cdef public dict table
    cdef public Py_ssize_t incomplete
    cdef Py_ssize_t held
    cdef bint add(self, Cursor cursor, long long time) except -1
    cdef Datagram find(self, Cursor cursor, long long time)
    cdef int evict(self, long long time) except -1
    cpdef Py_ssize_t give_up(self) except -1
