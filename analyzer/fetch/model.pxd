from analyzer.wire.model cimport Connection, Exchange
from analyzer.wire.tls.outside cimport Completion, Opaque

cdef class Fetch:
    cdef public Connection connection
    cdef public Exchange exchange
    cdef public str kind, file, name, protocol, method, target, phase
    cdef public long long number, start, end, first_packet, last_packet
    cdef public int status, last
    cdef public double connect_s, tls_s, ttfb_s, response_s, silence_s
    cdef public Completion completion
    cdef public Opaque opaque
    cdef public object verdict
    cdef public long long attempt, group
    cdef public double wait_s
    cdef public str group_outcome
