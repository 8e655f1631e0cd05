from analyzer.model.connection cimport Event, Side
from analyzer.model.http cimport Exchange
from analyzer.verdict.facts cimport Facts, capital, count, span
from analyzer.verdict.model cimport Verdict
from analyzer.verdict.seen cimport beyond, lost_on_the_way, unseen_fin
from analyzer.verdict.signatures.icmp cimport suspect_pmtu

cdef bint just_sent(Facts case) except -1
cpdef bint unacknowledged(Facts case) except -1
cpdef bint large_only(Facts case, Side side) except -1
cpdef bint resent(Facts case) except -1
cpdef bint came_too_late(Facts case) except -1
cdef bint torn_off(Facts case) except -1
cdef bint unsettled_inside(Facts case) except -1
cpdef bint unsettled(Facts case) except -1
