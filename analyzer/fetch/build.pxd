from analyzer.fetch.flow cimport Flow
from analyzer.fetch.model cimport Fetch
from analyzer.fetch.target cimport host_of
from analyzer.fetch.vantage cimport vantage
from analyzer.layer.tls.completion cimport Completion
from analyzer.layer.tls.last cimport opaque_exchange
from analyzer.layer.tls.opaque cimport Opaque
from analyzer.model.connection cimport Connection, Event, Side
from analyzer.model.http cimport Exchange, Http2
from analyzer.model.tls cimport Record, Tls

cdef int OUTSIDE, SERVER, TLS13, HEADS
cdef long long REFUSAL_NS

cpdef list[Fetch] fetches(Connection connection)
cdef note_quiet(Connection connection)
cdef bint to_proxy(Connection connection, Tls tls) except -1
cdef inside(Fetch fetch, Tls tls)
cdef Fetch plain(Connection connection, Exchange exchange, Flow flow, int position)
cdef bint outlives(Fetch fetch) except -1
cdef stream_over(Fetch fetch, Exchange exchange, Http2 h2)
cdef begin(Fetch fetch, Connection connection)
cdef Fetch single(Connection connection, Flow flow)
cdef secure(Fetch fetch, Tls tls)
cdef bint left_before(Connection connection, Record record) except -1
cdef double silence(Connection connection)
cdef long long ended(Connection connection, long long since)
cpdef str exchange_name(Connection connection, Exchange exchange)
cdef str without_port(str host)
cdef str kind_of(Fetch fetch)
cdef bint remains(Connection connection) except -1
cdef str half_open_kind(Connection connection)
cdef str silent_kind(Connection connection)
cdef long long first_of(long long one, long long other)
cdef str empty_kind(Connection connection)
cdef bint refused_in_tunnel(Connection connection) except -1
cdef str unused_tls_kind(Fetch fetch)
cdef bint refused(Fetch fetch, Completion done) except -1
cdef bint closed_by_client(Connection connection) except -1
cpdef double seconds(long long start, long long end)
