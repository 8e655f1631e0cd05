cimport cython

from analyzer.wire.decode.cursor cimport Cursor

@cython.final
cdef class Tunnel:
    cdef bint enter(self, Cursor cursor) except -1
    cdef bint gre(self, Cursor cursor) except -1
    cdef bint over_udp(self, Cursor cursor, int port) except -1
    cdef bint vxlan(self, Cursor cursor) except -1
    cdef bint geneve(self, Cursor cursor) except -1
