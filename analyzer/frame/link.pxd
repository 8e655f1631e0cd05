cimport cython

from analyzer.capture.numbers cimport u16
from analyzer.frame.cursor cimport Cursor
from analyzer.frame.wireless cimport Wireless

cdef int IPV4, IPV6, MPLS, BRIDGED, PPP, VLAN, SERVICE_VLAN, MAX_LABELS, LINUX_802_2
cdef int METADATA, SERVICE_INSTANCE, EXTENDER, VIRTUAL_NIC, REDUNDANCY, SERVICE_CHAIN
cdef int MACSEC, MACSEC_VERSION, MACSEC_ENCRYPTED, MACSEC_CHANNEL

@cython.final
@cython.final
cdef class Link:
    cdef Wireless wireless
    cdef bint radio(self, Cursor cursor, int link) except -1
    cdef bint enter(self, Cursor cursor, int link) except -1
    cdef bint shim(self, Cursor cursor) except -1
    cdef bint ethernet(self, Cursor cursor) except -1
    cdef bint fabric(self, Cursor cursor, int kind) except -1
    cdef bint tag(self, Cursor cursor, int size) except -1
    cdef bint service_chain(self, Cursor cursor) except -1
    cdef bint macsec(self, Cursor cursor) except -1
    cdef bint llc(self, Cursor cursor) except -1
    cdef bint mpls(self, Cursor cursor) except -1
    cdef bint after_labels(self, Cursor cursor, Py_ssize_t at) except -1
    cdef bint pppoe(self, Cursor cursor) except -1
    cdef bint ppp(self, Cursor cursor) except -1
    cdef bint cooked(self, Cursor cursor) except -1
    cdef bint cooked2(self, Cursor cursor) except -1
    cdef bint loop(self, Cursor cursor) except -1
    cdef bint raw(self, Cursor cursor) except -1
    cdef bint hdlc(self, Cursor cursor) except -1
