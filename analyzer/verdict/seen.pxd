from analyzer.model.connection cimport Connection, Event, Side
from analyzer.model.http cimport Exchange
from analyzer.verdict.facts cimport Facts

cdef int CLIENT, SERVER
cdef long long RESEND_NS, TRY_NS

cpdef long long lost_on_the_way(Facts case, int index) except -1
cdef long long waited(Facts case, Side sender, Side receiver, long long since) except? -1
cpdef bint cut_out(Facts case) except -1
cdef bint cut_after(Facts case, Side sender, Side receiver) except -1
cpdef bint unseen(Side side) except -1
cpdef bint beyond(Side side) except -1
cpdef bint too_soon(Facts case) except -1
cpdef bint may_be_answered(Facts case) except -1
cpdef bint may_have_closed(Side side) except -1
cpdef bint half_closed(Facts case) except -1
cpdef bint unseen_fin(Side side) except -1
cpdef bint said_more(Facts case, Side side) except -1
cpdef bint whole_by_headers(Facts case) except -1
