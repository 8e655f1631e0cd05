from analyzer.verdict.case cimport Case, capital, count, span
from analyzer.verdict.model cimport Verdict
from analyzer.wire.model cimport Connection, Exchange

cpdef bint events_ended(Case case) except -1
cdef bint moved_unseen(Case case) except -1
