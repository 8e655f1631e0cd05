from analyzer.verdict.case cimport Case, capital, count, span
from analyzer.verdict.model cimport Verdict
from analyzer.verdict.seen cimport beyond, lost_on_the_way, unseen_fin
from analyzer.verdict.signatures.icmp cimport suspect_pmtu
from analyzer.wire.model cimport Exchange, Milestone, Side

cdef bint just_sent(Case case) except -1
cpdef bint unacknowledged(Case case) except -1
cpdef bint large_only(Case case, Side side) except -1
cpdef bint resent(Case case) except -1
cpdef bint came_too_late(Case case) except -1
cdef bint torn_off(Case case) except -1
cdef bint unsettled_inside(Case case) except -1
cpdef bint unsettled(Case case) except -1
