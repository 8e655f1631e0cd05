cimport cython

from analyzer.capture.frame cimport Frames
from analyzer.capture.numbers cimport u16, u32
from analyzer.frame.checksum cimport wrong_outside
from analyzer.frame.cursor cimport Cursor
from analyzer.frame.fragments cimport Fragments
from analyzer.frame.icmp cimport Icmp
from analyzer.frame.ip cimport Ip
from analyzer.frame.link cimport Link
from analyzer.frame.packet cimport Packet
from analyzer.frame.tcp cimport Tcp
from analyzer.frame.tunnel cimport Tunnel
from analyzer.model.connection cimport IcmpError

cdef int MAX_NESTING, ETHERNET, SYN, ACK, QUIC_PORT, IPSEC_PORT
cdef long long NO_LIMIT

@cython.final
cdef class Decoder:
    cdef public IcmpError icmp
    cdef public str note
    cdef public list warnings
    cdef Cursor cursor
    cdef Link link
    cdef Ip ip
    cdef Tcp tcp
    cdef Icmp icmp_reader
    cdef Tunnel tunnel
    cdef public Fragments fragments
    cdef object rare
    cdef dict undecoded
    cdef object lost
    cdef public bint incomplete
    cdef set slow
    cdef bint quic
    cpdef int decode(self, Frames frames, Packet packet) except -1
    cdef int layers(self, Frames frames, Packet packet) except -1
    cpdef finish(self)
    cdef bint unknown_link(self, int link) except -1
    cdef bint plain(self, Cursor cursor) except -1
    cdef bint inside(self, Cursor cursor) except -1
    cdef int segment(self, Cursor cursor, Packet packet) except -1
    cdef int unread(self) except -1
    cdef int walk(self, Packet packet) except -1
    cdef int transport(self, Packet packet) except -1
    cdef hidden(self, bytes data, Py_ssize_t at)
    cdef int udp(self, Packet packet) except -1
