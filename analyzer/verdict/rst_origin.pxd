from analyzer.fetch.vantage cimport round_trips, vantage
from analyzer.model.connection cimport Event, Side
from analyzer.verdict.facts cimport Facts, span
from analyzer.verdict.model cimport Verdict

cdef int ID_FAR, OUTSIDE, MIN_IDS, TTL_DELTA
cdef long long BOTH_WAYS_NS, REORDER_NS, VOLLEY_NS

cdef class Reset:
    cdef public Facts case
    cdef public Event mark
    cdef public Side sender, peer
    cdef public str vantage
    cdef public long long trip
    cdef public bint far
    cpdef int ttl(self) except? -1

cpdef judge_origin(Facts case, Event mark, Verdict verdict)
cdef bint like_sender(Reset reset) except -1
cdef list resets(Reset reset, int side)
cdef bint near(long long one, long long other) except -1
cdef int initial(int ttl) except? -1
cdef str who(Reset reset)
cdef long long answered_time(Reset reset) except? -1
