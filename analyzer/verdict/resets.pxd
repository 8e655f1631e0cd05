from analyzer.verdict.case cimport Case
from analyzer.wire.model cimport Alert, Exchange, Http2, Milestone, Record, Side, Tls

cdef int WARNING

cpdef settle(Case case)
cdef int second_fin(Case case) except -2
cdef stream_closed(Case case, Http2 h2)
cdef closed_by(Case case, int side, str what, long long packet, long long time)
cdef notify(Case case)
cpdef find_reset(Case case)
cdef bint survived(Case case, Milestone mark) except -1
cdef bint explained(Case case, Milestone mark) except -1
cdef bint after_alert(Case case, long long packet) except -1
cdef bint after_exchange(Case case, Milestone mark) except -1
cdef bint idle_since_answer(Case case, Milestone mark) except -1
