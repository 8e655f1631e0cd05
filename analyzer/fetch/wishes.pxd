from analyzer.fetch.flow cimport shared_text
from analyzer.fetch.recent cimport Recent
from analyzer.fetch.resolution cimport loopback
from analyzer.layer.dns.lookups cimport Lookup
from analyzer.model.connection cimport Connection

cdef class Wishes:
    cdef public object open, packets, times, ends, floods, flooded
    cdef public dict named, alike
    cdef public set waiting
    cdef public list given_up
    cdef public Recent used, said, joined
    cdef public long long held, newest_use, now, looked, forgotten, lost
    cpdef add(self, Lookup lookup)
    cpdef use(self, bytes client, str name, long long began)
    cpdef join_late(self, Connection connection)
    cpdef say(self, bytes client, str name)
