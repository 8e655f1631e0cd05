cimport cython

from analyzer.fetch.flow cimport Flow
from analyzer.fetch.registries cimport Package, package_of
from analyzer.fetch.target cimport shown_target
from analyzer.layer.tls.completion cimport Completion
from analyzer.layer.tls.opaque cimport Opaque
from analyzer.model.connection cimport Connection
from analyzer.model.http cimport Exchange

cdef class Fetch:
    cdef public Connection connection
    cdef public Exchange exchange
    cdef public Flow flow
    cdef public str kind, file, name, protocol, method, target, phase
    cdef public long long number, start, end, first_packet, last_packet, over
    cdef public int status, last, name_from_dns, dns_repeated, dropped, show_queries, readable, authorized
    cdef public double dns_s, connect_s, tls_s, ttfb_s, response_s, silence_s
    cdef public Completion completion
    cdef public Opaque opaque
    cdef public object verdict, resolution
    cdef public long long attempt, group
    cdef public Package package
    cdef public double wait_s
    cdef public str group_outcome, client_said, user_agent, process, process_how
    cpdef str shown(self, str target)
    cpdef detach(self)
