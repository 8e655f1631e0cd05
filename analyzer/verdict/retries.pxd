cimport cython
from libc.stdint cimport int64_t

from analyzer.fetch.registries cimport Package
from analyzer.verdict.ahead cimport leaving
from analyzer.verdict.brief cimport Brief, turn_of
from analyzer.verdict.line cimport Line
from analyzer.verdict.thresholds cimport Thresholds
from analyzer.verdict.turn cimport Turn

@cython.final
cdef class Group:
    cdef public long long number, size, until, over
    cdef public int port
    cdef public bint open, moved, goproxy
    cdef public bytes client
    cdef public str name, method, target, outcome
    cdef public Package package
    cdef public list waits, begun, keys
    cdef public Brief last

@cython.final
cdef class Retries:
    cdef public Thresholds limits
    cdef public Line queue, groups_of
    cdef public dict clients
    cdef public long long groups, going, asking_databases, names, text
    cdef public bint overflowed
    cpdef add(self, Brief fetch)
    cpdef Turn ready(self, long long now)
    cdef bint full(self) except -1
    cdef Group continued(self, Brief fetch, dict waiting)
    cdef Group waits_for(self, Brief fetch, Line groups)
    cdef Group open_since(self, Brief fetch, Line groups)
    cdef Group falls_back(self, Brief fetch, dict waiting)
    cdef join(self, Group group, Brief fetch)
    cdef follow(self, Group group, Brief fetch)
    cdef expect_more(self, Group group, Brief fetch)
    cdef register_go(self, Group group, dict waiting)
    cpdef close(self, Group group)
    cdef forget(self, Group group)
    cpdef Group grouped(self, Brief fetch)
    cpdef pass_by(self, Brief fetch, Group group)
    cdef int64_t number(self, Group group) except -1
    cpdef leave(self, Brief fetch, Group group)

cdef register(Group group, dict waiting, object key)
cdef bint asks_database(Group group) except -1
cdef excuse(Brief fetch, Group group)
cdef bint in_time(Brief fetch, Group group) except -1
cdef bint same(Brief fetch, Group group) except -1
cdef bint strangers(Brief one, Brief other) except -1
cdef str go_key(str file, str name)
cdef bint fell_back(Group group) except -1
cdef tuple place(Brief fetch)
cdef int MAX_LOOKED_AT, MAX_KEYS, MAX_WAITS, MAX_LOWERED
cdef dict _lowered
cpdef str lower(str name)
