from analyzer.fetch.model cimport Fetch
from analyzer.model.connection cimport Connection, Side
from analyzer.model.http cimport Exchange
from analyzer.model.tls cimport Tls
from analyzer.verdict.facts cimport Facts
from analyzer.verdict.model cimport Verdict
from analyzer.verdict.rst_benign cimport settle
from analyzer.verdict.rst_origin cimport judge_origin
from analyzer.verdict.seen cimport beyond, half_closed, lost_on_the_way, said_more, too_soon, whole_by_headers
from analyzer.verdict.signatures.loss cimport resent, unsettled
from analyzer.verdict.signatures.reset cimport may_be_cut
from analyzer.verdict.spoken cimport count_to_the_end, hidden, sure_end
from analyzer.verdict.success cimport complete, events, opaque_ok
from analyzer.verdict.thresholds cimport Thresholds
from analyzer.verdict.waits cimport name_timers
from analyzer.verdict.weighing cimport tls_flags, weigh

cpdef Verdict decide_case(Facts case)
cdef Verdict by_packets(Facts case)
cdef who_and_when(Facts case, Verdict verdict)
cdef Verdict judge(Facts case)
cdef Verdict made_yet(Facts case, Verdict verdict)
cdef bint opened_unseen(Facts case) except -1
cdef bint maybe_rejected(Facts case) except -1
cdef bint uncertain(Facts case) except -1
cdef Verdict unframed(Facts case)
cdef bint established(Facts case) except -1
cdef Verdict inside(Facts case)
cdef Verdict inside_tls(Facts case)
cdef Verdict unfinished(Facts case)
cdef Verdict unfinished_as_seen(Facts case)
cdef Verdict unnamed(Facts case)
cdef Verdict first_of(tuple signatures, Facts case)
cdef Verdict any_of(tuple signatures, Facts case)
cdef Verdict fine_answer(Facts case)
cdef str said_of_ignored(long long number)
