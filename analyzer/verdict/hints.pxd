from analyzer.verdict.case cimport Case, count, span
from analyzer.verdict.model cimport Verdict
from analyzer.wire.model cimport Milestone
from analyzer.wire.stamps cimport KEPT_NS, Older

cdef int CLIENT, CWR, ECE, SERVER

cpdef unanswered(Case case, Verdict verdict)
cpdef older_timestamp(Case case, Verdict verdict, Older older)
cpdef connecting(Case case, Verdict verdict)
cdef long long unanswered_syns(Case case) except -1
cdef bint ecn_given_up(Case case) except -1
cpdef bint asks_ecn(Milestone syn) except -1
