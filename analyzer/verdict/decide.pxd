from analyzer.fetch.model cimport Fetch
from analyzer.verdict.case cimport Case, span
from analyzer.verdict.model cimport Verdict
from analyzer.verdict.origin cimport judge_origin
from analyzer.verdict.resets cimport find_reset, settle
from analyzer.verdict.seen cimport beyond, half_closed, lost_on_the_way, said_more, too_soon, whole_by_headers
from analyzer.verdict.spoken cimport count_to_the_end, has_replied, hidden, sure_end
from analyzer.verdict.signatures.loss cimport came_too_late, resent, unsettled
from analyzer.verdict.signatures.reset cimport may_be_cut
from analyzer.verdict.waits cimport name_timers
from analyzer.verdict.thresholds cimport Thresholds
from analyzer.wire.model cimport Connection, Exchange, Milestone, Record, Side, Tls

cpdef Verdict decide_case(Case case)
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
cdef Verdict complete(Case case)
cdef bint still_open(Case case) except -1
cdef Verdict events(Case case)
cdef Verdict opaque_ok(Case case)
cdef Verdict fine(Case case, str confidence, str summary)
cdef weigh(Case case)
cdef general_flags(Case case)
cdef ignored_flags(Case case)
cdef str said_of_ignored(long long number)
cdef bint unacknowledged(Case case) except -1
cdef bint joined_late(Case case) except -1
cdef bint half_known(Exchange exchange, long long missing) except -1
cdef tls_flags(Case case)
cdef int DEAD_KEEP_ALIVES, BAD_REQUEST, SWITCHING_PROTOCOLS
cdef long long LOSS_NS, SHORT_REPLY_BYTES
