from analyzer.fetch.model cimport Fetch
from analyzer.verdict.case cimport Case, span
from analyzer.verdict.model cimport Verdict
from analyzer.verdict.origin cimport judge_origin
from analyzer.verdict.resets cimport find_reset, settle
from analyzer.verdict.spoken cimport count_to_the_end, has_replied, hidden, sure_end
from analyzer.verdict.waits cimport name_timers
from analyzer.verdict.thresholds cimport Thresholds
from analyzer.wire.model cimport Connection, Exchange, Milestone, Record, Side, Tls

cpdef Verdict decide_case(Case case)
cdef who_and_when(Case case, Verdict verdict)
cdef Verdict judge(Case case)
cdef bint uncertain(Case case) except -1
cdef bint established(Case case) except -1
cdef Verdict inside_tls(Case case)
cdef Verdict unfinished(Case case)
cdef Verdict unnamed(Case case)
cdef Verdict first_of(tuple signatures, Case case)
cdef Verdict any_of(tuple signatures, Case case)
cdef Verdict fine_answer(Case case)
cdef Verdict complete(Case case)
cdef Verdict opaque_ok(Case case)
cdef Verdict fine(Case case, str confidence, str summary)
cdef weigh(Case case)
cdef general_flags(Case case)
cdef bint frag_needed(Connection connection) except -1
cdef tls_flags(Case case)
cdef int DEAD_KEEP_ALIVES
cdef long long SHORT_REPLY_BYTES
