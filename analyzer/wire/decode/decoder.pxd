cimport cython

from analyzer.capture.numbers cimport u16, u32
from analyzer.capture.frame cimport Frames
from analyzer.wire.decode.checksum cimport wrong_outside
from analyzer.wire.decode.cursor cimport Cursor
from analyzer.wire.decode.fragments cimport Fragments
from analyzer.wire.decode.icmp cimport Icmp
from analyzer.wire.decode.ip cimport Ip
from analyzer.wire.decode.link cimport Link
from analyzer.wire.decode.tcp cimport Tcp
from analyzer.wire.decode.tunnel cimport Tunnel
from analyzer.wire.model cimport IcmpError
from analyzer.wire.packet cimport Packet

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
