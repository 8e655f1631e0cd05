cimport cython

from analyzer.capture.numbers cimport u16
from analyzer.wire.decode.cursor cimport Cursor

cdef int IPV4, IPV6, MPLS, BRIDGED, PPP, ERSPAN, ERSPAN3, VXLAN_PORT, OLD_VXLAN_PORT, GENEVE_PORT, GPE_IPV4, GPE_IPV6, GPE_ETHERNET

@cython.final
cdef class Tunnel:
    cdef bint enter(self, Cursor cursor) except -1
    cdef bint gre(self, Cursor cursor) except -1
    cdef bint over_udp(self, Cursor cursor, int port) except -1
    cdef bint vxlan(self, Cursor cursor) except -1
    cdef bint geneve(self, Cursor cursor) except -1
