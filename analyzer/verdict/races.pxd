cimport cython

from analyzer.verdict.brief cimport Brief
from analyzer.verdict.line cimport Line
from analyzer.verdict.thresholds cimport Thresholds

@cython.final
cdef class Races:
    cdef public Thresholds limits
    cdef public Line queue
    cdef public long long newest4, newest6
    cdef public list lost, won, cost_ns
    cdef public dict beaten
    cpdef add(self, Brief fetch)
    cpdef Brief ready(self, long long now)
    cpdef judge(self, Brief fetch)
    cdef beat(self, Brief loser, Brief winner)

@cython.final
cdef class Window:
    cdef public Brief fetch
    cdef public Thresholds limits
    cdef public dict beaten
    cdef public int port, family
    cdef public bytes other_client, other_server
    cdef public bint crowded, third, full
    cdef public list rivals
    cdef look_back(self, Line queue)
    cdef look_ahead(self, Line queue)
    cdef bint meet(self, Brief other) except -1
    cdef note(self, Brief other)
    cdef Brief winner(self)
    cdef bint lost_against(self, Brief winner) except -1
    cdef Brief follower(self)
    cdef bint follows(self, Brief other) except -1
    cpdef bint related(self, Brief other) except -1
    cdef bint in_turn(self, Brief first, Brief second) except -1

cdef int family(Brief fetch) except -1
cdef str host(str name)
cdef int LOOKED_BACK, LOOKED_AHEAD
