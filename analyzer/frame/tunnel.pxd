cimport cython

from analyzer.capture.numbers cimport u16, u32
from analyzer.frame.cursor cimport Cursor

cdef int IPV4, IPV6, MPLS, BRIDGED, PPP, ERSPAN, ERSPAN3, VXLAN_PORT, OLD_VXLAN_PORT, GENEVE_PORT, GPE_IPV4, GPE_IPV6, GPE_ETHERNET, GPE_SERVICE_CHAIN
cdef int SERVICE_CHAIN, VLAN, SERVICE_VLAN, GTP_PORT, L2TP_PORT, GRE_PORT, MPLS_PORT, GTP_DATA, MAX_EXTENSIONS
cdef int IN_GRE, IN_VXLAN, IN_GENEVE, IN_GTP, IN_L2TP, IN_MPLS
cdef int SHORTEST_FRAME, CHECK_SEQUENCE
cdef long long VXLAN_PLAIN, VXLAN_GPE

@cython.final
cdef class Tunnel:
    cdef public int kinds
    cdef bint note(self, int kind)
    cdef bint enter(self, Cursor cursor) except -1
    cdef bint gre(self, Cursor cursor) except -1
    cdef bint over_udp(self, Cursor cursor) except -1
    cdef bint inside_udp(self, Cursor cursor) except -1
    cdef bint vxlan_elsewhere(self, Cursor cursor) except -1
    cdef bint plausible_vxlan(self, Cursor cursor, Py_ssize_t at) except -1
    cdef bint gtp(self, Cursor cursor) except -1
    cdef Py_ssize_t gtp_extensions(self, Cursor cursor, Py_ssize_t at) except -1
    cdef bint bare(self, Cursor cursor, Py_ssize_t at, long long stop) except -1
    cdef bint l2tp(self, Cursor cursor) except -1
    cdef bint l2tp3(self, Cursor cursor, Py_ssize_t at) except -1
    cdef bint vxlan(self, Cursor cursor) except -1
    cdef bint geneve(self, Cursor cursor) except -1
