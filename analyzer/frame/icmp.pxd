cimport cython

from analyzer.capture.numbers cimport u32
from analyzer.frame.cursor cimport Cursor
from analyzer.frame.ip cimport Ip
from analyzer.model.connection cimport IcmpError

cdef int TCP, UDP, DNS_PORT, TOO_BIG, FRAGMENTATION_NEEDED

@cython.final
cdef class Icmp:
    cdef Ip ip
    cdef Cursor quote
    cdef IcmpError read(self, Cursor cursor)
    cdef bint quotes_dns(self, Cursor quote) except -1
