from analyzer.fetch.vantage cimport vantage
from analyzer.verdict.case cimport Case
from analyzer.verdict.seen cimport unseen_fin
from analyzer.wire.model cimport Alert, Exchange, Http2, Milestone, Record, Side, Tls

cdef int ACK, WARNING, CLIENT, SERVER, IN_WINDOW, OUTSIDE
cdef long long CROSSING_NS, LOSS_NS, PATIENCE_NS

cpdef settle(Case case)
cdef bint spoke_on(Case case, Side sender) except -1
cdef bint may_go_on(Case case) except -1
cdef int second_fin(Case case) except -2
cdef stream_closed(Case case, Http2 h2)
cdef closed_unseen(Case case, Side side)
cdef closed_by(Case case, int side, str what, long long packet, long long time)
cdef notify(Case case)
cpdef find_reset(Case case)
cdef bint survived(Case case, Milestone mark) except -1
cdef bint went_on(Case case, Milestone mark) except -1
cdef bint both_go_on(Side sender, Side receiver, Milestone mark) except -1
cdef bint goes_on(Case case, Side receiver, Milestone mark) except -1
cdef bint explained(Case case, Milestone mark) except -1
cdef bint after_alert(Case case, long long packet) except -1
cdef bint after_exchange(Case case, Milestone mark) except -1
cdef bint idle_since_answer(Case case, Milestone mark) except -1
