from analyzer.fetch.vantage cimport vantage
from analyzer.model.connection cimport Event, Side
from analyzer.model.http cimport Exchange, Http2
from analyzer.model.tls cimport Alert, Record, Tls
from analyzer.verdict.facts cimport Facts
from analyzer.verdict.seen cimport unseen_fin

cdef int ACK, WARNING, CLIENT, SERVER, IN_WINDOW, OUTSIDE
cdef long long CROSSING_NS, LOSS_NS, PATIENCE_NS

cpdef settle(Facts case)
cdef bint spoke_on(Facts case, Side sender) except -1
cdef bint may_go_on(Facts case) except -1
cdef int second_fin(Facts case) except -2
cdef stream_closed(Facts case, Http2 h2)
cdef closed_unseen(Facts case, Side side)
cdef closed_by(Facts case, int side, str what, long long packet, long long time)
cdef notify(Facts case)
cpdef find_reset(Facts case)
cdef bint survived(Facts case, Event mark) except -1
cdef bint went_on(Facts case, Event mark) except -1
cdef bint both_go_on(Side sender, Side receiver, Event mark) except -1
cdef bint goes_on(Facts case, Side receiver, Event mark) except -1
cdef bint explained(Facts case, Event mark) except -1
cdef bint after_alert(Facts case, long long packet) except -1
cdef bint after_exchange(Facts case, Event mark) except -1
cdef bint idle_since_answer(Facts case, Event mark) except -1
