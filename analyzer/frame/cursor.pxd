cimport cython

from analyzer.frame.octets cimport cut


@cython.final
cdef class Cursor:
    cdef public bytes data
    cdef public Py_ssize_t at, end, addresses, outer, outer_addresses, outer_end
    cdef public long long wire_end, limit, fragment_id
    cdef public int kind, protocol, version, outer_version, ttl, ip_id, interface, fragment, fragment_at, more
    cdef bint wrap(self, Py_ssize_t udp) except -1
    cdef bytes ports_key(self)
    cpdef open(self, bytes data, Py_ssize_t at, Py_ssize_t end, long long wire_end)
    cdef bound(self, long long stop)
