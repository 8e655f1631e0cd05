from analyzer.verdict.case cimport Case
from analyzer.wire.model cimport Connection, Exchange, Milestone, Side

cdef int CLIENT, SERVER
cdef long long RESEND_NS, TRY_NS

cpdef long long lost_on_the_way(Case case, int index) except -1
cdef long long waited(Case case, Side sender, Side receiver, long long since) except? -1
cpdef bint cut_out(Case case) except -1
cdef bint cut_after(Case case, Side sender, Side receiver) except -1
cpdef bint unseen(Side side) except -1
cpdef bint beyond(Side side) except -1
cpdef bint too_soon(Case case) except -1
cpdef bint may_be_answered(Case case) except -1
cpdef bint half_closed(Case case) except -1
cpdef bint unseen_fin(Side side) except -1
cpdef bint said_more(Case case, Side side) except -1
cpdef bint whole_by_headers(Case case) except -1
