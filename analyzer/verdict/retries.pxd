from libc.stdint cimport int64_t

cimport cython
from libc.stdint cimport int64_t

from analyzer.fetch.model cimport Fetch
from analyzer.fetch.registries cimport Package
from analyzer.verdict.ahead cimport leaving
from analyzer.verdict.line cimport Line
from analyzer.verdict.model cimport Verdict, verdict_of
from analyzer.verdict.thresholds cimport Thresholds

@cython.final
cdef class Group:
    cdef public long long number, size, until, over
    cdef public int port
    cdef public bint open, moved, goproxy
    cdef public bytes client
    cdef public str name, method, target, outcome
    cdef public Package package
    cdef public list waits, begun, keys
    cdef public Fetch last

@cython.final
cdef class Retries:
    cdef public Thresholds limits
    cdef public Line queue, groups_of
    cdef public dict clients
    cdef public long long groups, going, asking_databases, names, text
    cdef public bint overflowed
    cpdef add(self, Fetch fetch)
    cpdef Fetch ready(self, long long now)
    cdef bint full(self) except -1
    cdef Group continued(self, Fetch fetch, dict waiting)
    cdef Group waits_for(self, Fetch fetch, Line groups)
    cdef Group open_since(self, Fetch fetch, Line groups)
    cdef Group falls_back(self, Fetch fetch, dict waiting)
    cdef join(self, Group group, Fetch fetch)
    cdef follow(self, Group group, Fetch fetch)
    cdef expect_more(self, Group group, Fetch fetch)
    cdef register_go(self, Group group, dict waiting)
    cpdef close(self, Group group)
    cdef forget(self, Group group)
    cpdef Group grouped(self, Fetch fetch)
    cpdef pass_by(self, Fetch fetch, Group group)
    cdef int64_t number(self, Group group) except -1
    cpdef leave(self, Fetch fetch, Group group)

cdef register(Group group, dict waiting, object key)
cdef bint asks_database(Group group) except -1
cdef excuse(Fetch fetch, Verdict verdict, Group group)
cdef bint in_time(Fetch fetch, Group group) except -1
cdef bint same(Fetch fetch, Group group) except -1
cdef str asked(Fetch fetch)
cdef str method(Fetch fetch)
cdef bint authorized(Fetch fetch) except -1
cdef bint strangers(Fetch one, Fetch other) except -1
cdef str go_key(str file, str name)
cdef bint fell_back(Group group) except -1
cdef tuple place(Fetch fetch)
cdef int MAX_LOOKED_AT, MAX_KEYS, MAX_WAITS, MAX_LOWERED
cdef dict _lowered
cpdef str lower(str name)
