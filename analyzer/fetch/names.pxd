from analyzer.fetch.build cimport exchange_name, seconds
from analyzer.fetch.flow cimport shared, shared_text
from analyzer.fetch.model cimport Fetch
from analyzer.fetch.recent cimport Recent
from analyzer.fetch.resolution cimport loopback
from analyzer.fetch.wishes cimport Wishes
from analyzer.layer.dns.lookups cimport Lookup
from analyzer.model.connection cimport Connection

cdef long long KIN_NS

cdef class Names:
    cdef public Recent answers, asked, askers
    cdef public dict kin
    cdef public Wishes wishes
    cdef public long long lost
    cpdef learn(self, Lookup lookup)
    cdef _remember(self, Recent table, bytes client, object what, object thing)
    cdef _add_asker(self, bytes client, object what)
    cpdef annotate(self, Fetch fetch)
    cdef _wish(self, bytes client, Fetch fetch, long long began)
    cdef bint _is_kin(self, bytes host, bytes client) except -1
    cdef bytes _other_family(self, bytes client, object what, long long before)
    cdef list _answered(self, bytes client, object what)
    cdef str _newest(self, bytes client, bytes address, long long before)
    cdef _time(self, Fetch fetch, bytes client, long long before)
    cdef _use_open(self, Connection connection)

cdef bytes asker_of(Lookup lookup)
cdef share(Lookup lookup)
cpdef str wanted(Connection connection)
