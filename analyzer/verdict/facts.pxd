from analyzer.fetch.model cimport Fetch
from analyzer.layer.tls.completion cimport Completion
from analyzer.layer.tls.opaque cimport Opaque
from analyzer.model.connection cimport Connection, Event, Side
from analyzer.model.http cimport Exchange, Http2
from analyzer.model.tls cimport Tls
from analyzer.verdict.model cimport Evidence, Verdict
from analyzer.verdict.thresholds cimport Thresholds

cdef int OUTSIDE

cdef class Facts:
    cdef public Fetch fetch
    cdef public Connection connection
    cdef public Side client, server
    cdef public Tls tls
    cdef public Exchange exchange
    cdef public Http2 h2
    cdef public Thresholds limits
    cdef public Completion completion
    cdef public Opaque opaque
    cdef public Event reset
    cdef public int closer, asked, answered, ongoing
    cdef public bint tls_done, replied
    cdef public str closer_what, doubt
    cdef public long long closer_packet, closer_time
    cdef public long long notify_client, notify_server
    cdef public long long spoke_time, progress_time
    cdef public list flags, evidence, tried
    cdef public object fired
    cpdef bint flag(self, str word) except -1
    cpdef bint cite(self, long long packet, long long time, str what, int side) except -1
    cpdef Event find(self, str what, int side, long long after)
    cpdef long long silence(self)
    cpdef bint unread(self, Side side) except -1
    cpdef long long rtt(self)
    cpdef cite_mark(self, Event mark)
    cpdef cite_all(self, str what, int side)
    cpdef cite_hello(self)
    cpdef cite_request(self)
    cpdef cite_response(self)
    cpdef cite_closer(self)
    cpdef cite_ack(self)
    cpdef bint cite_told(self, Side side) except -1
    cpdef cite_last(self)
    cpdef str where(self)
    cpdef str address(self)
    cpdef str peer(self)
    cpdef str asked_for(self)
    cpdef str tail(self)
    cpdef Verdict verdict(self, str cause, str confidence, str summary)
    cpdef Verdict seal(self, Verdict verdict)

cdef int GOES_ON
cdef long long DAY_NS, LONGEST_NS
cdef int MAX_SHARED
cdef dict _shared
cdef bint in_order(list[Evidence] cited) except -1
cpdef str span(long long ns)
cdef long long whole_ms(long long ns) except -1
cpdef str capital(str text)
cpdef str count(long long number, str noun)
