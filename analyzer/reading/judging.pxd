from analyzer.fetch.build cimport fetches
from analyzer.fetch.floods cimport Floods
from analyzer.fetch.model cimport Fetch
from analyzer.output.depot cimport Depot
from analyzer.output.written cimport Written
from analyzer.verdict.brief cimport Brief, brief_of, settled, turn_of
from analyzer.model.ahead cimport connections as ahead
from analyzer.model.connection cimport Connection
from analyzer.verdict.decide cimport decide_case
from analyzer.verdict.ecn cimport Ecn
from analyzer.verdict.facts cimport Facts
from analyzer.verdict.groups cimport Groups
from analyzer.verdict.model cimport Verdict
from analyzer.verdict.order cimport Order
from analyzer.verdict.turn cimport Turn

cdef int CHUNK, CUT, AHEAD

cdef class Judging:
    cdef public object names, mine, keep, again, over, losses
    cdef public Order order
    cdef public Floods floods
    cdef public Groups groups
    cdef public Written rows
    cdef public str file
    cdef public bint show_queries, kinds, lean, lossy, named
    cdef public long long without_fetch, foreign
    cdef public list final
    cpdef take(self, list batch, object losses)
    cpdef bint is_mine(self, Fetch fetch) except -1
    cpdef prepare(self, Fetch fetch)
    cpdef Verdict decide(self, Fetch fetch)
    cpdef judge(self, list[Fetch] built)
    cpdef add(self, Fetch fetch)
    cpdef bint release(self, long long oldest_open) except -1
    cdef Brief brief(self, Turn turn)
    cpdef bint shows(self, str kind) except -1
