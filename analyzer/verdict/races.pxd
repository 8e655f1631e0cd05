cimport cython

from analyzer.fetch.flow cimport Flow
from analyzer.fetch.model cimport Fetch
from analyzer.verdict.line cimport Line
from analyzer.verdict.model cimport Verdict, verdict_of
from analyzer.verdict.thresholds cimport Thresholds

@cython.final
cdef class Races:
    cdef public Thresholds limits
    cdef public Line queue
    cdef public long long newest4, newest6
    cdef public list lost, won, cost_ns
    cdef public dict beaten
    cpdef add(self, Fetch fetch)
    cpdef Fetch ready(self, long long now)
    cpdef judge(self, Fetch fetch)
    cdef beat(self, Fetch loser, Fetch winner)

@cython.final
cdef class Window:
    cdef public Fetch fetch
    cdef public Thresholds limits
    cdef public dict beaten
    cdef public int port, family
    cdef public bytes other_client, other_server
    cdef public bint crowded, third, full
    cdef public list rivals
    cdef look_back(self, Line queue)
    cdef look_ahead(self, Line queue)
    cdef bint meet(self, Fetch other) except -1
    cdef note(self, Fetch other)
    cdef Fetch winner(self)
    cdef bint lost_against(self, Fetch winner) except -1
    cdef Fetch follower(self)
    cdef bint follows(self, Fetch other) except -1
    cpdef bint related(self, Fetch other) except -1
    cdef bint in_turn(self, Fetch first, Fetch second) except -1

cpdef bint attempted(Fetch fetch) except -1
cdef bint carried(Fetch fetch) except -1
cdef int family(Fetch fetch) except -1
cdef str host(str name)
cdef int LOOKED_BACK, LOOKED_AHEAD
