from analyzer.fetch.model cimport Fetch
from analyzer.verdict.case cimport Case
from analyzer.verdict.facts cimport tls_flags, weigh
from analyzer.verdict.model cimport Verdict
from analyzer.verdict.origin cimport judge_origin
from analyzer.verdict.resets cimport settle
from analyzer.verdict.seen cimport beyond, half_closed, lost_on_the_way, said_more, too_soon, whole_by_headers
from analyzer.verdict.spoken cimport count_to_the_end, hidden, sure_end
from analyzer.verdict.success cimport complete, events, opaque_ok
from analyzer.verdict.signatures.loss cimport resent, unsettled
from analyzer.verdict.signatures.reset cimport may_be_cut
from analyzer.verdict.waits cimport name_timers
from analyzer.verdict.thresholds cimport Thresholds
from analyzer.wire.model cimport Connection, Exchange, Side, Tls

cpdef Verdict decide_case(Case case)
cdef Verdict by_packets(Case case)
cdef who_and_when(Case case, Verdict verdict)
cdef Verdict judge(Case case)
cdef Verdict made_yet(Case case, Verdict verdict)
cdef bint opened_unseen(Case case) except -1
cdef bint maybe_rejected(Case case) except -1
cdef bint uncertain(Case case) except -1
cdef Verdict unframed(Case case)
cdef bint established(Case case) except -1
cdef Verdict inside_tls(Case case)
cdef Verdict unfinished(Case case)
cdef Verdict unnamed(Case case)
cdef Verdict first_of(tuple signatures, Case case)
cdef Verdict any_of(tuple signatures, Case case)
cdef Verdict fine_answer(Case case)
cdef str said_of_ignored(long long number)
