from analyzer.model.connection cimport Connection
from analyzer.model.http cimport Exchange
from analyzer.verdict.facts cimport Facts, capital, count, span
from analyzer.verdict.model cimport Verdict
from analyzer.verdict.seen cimport may_be_answered, may_have_closed

cpdef bint events_ended(Facts case) except -1
cdef bint moved_unseen(Facts case) except -1
