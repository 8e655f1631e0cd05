from analyzer.layer.tls.completion cimport Completion
from analyzer.layer.tls.sizes cimport may_be_h2, plain
from analyzer.layer.tls.tickets cimport knows, round_trip
from analyzer.model.connection cimport Connection, Side
from analyzer.model.tls cimport Record, Tls

cdef int TLS13, ALERT, APPLICATION_DATA, FULL_REQUEST, MAX_RECORDS, LATE_RECORDS, DOUBT
cdef int H2_CONTROL, H2_PREFACE, H2_SHORTEST_HEADERS
cdef long long TICKET_WINDOW_NS, NEVER

cdef class Opaque:
    cdef public int request, response, inferred, doubtful, tickets, later, unseen, cut
    cdef public long long request_packet, request_time, request_last_packet, request_last_time, request_end
    cdef public long long request_bytes, response_bytes, unheard
    cdef public long long response_packet, response_time, response_last_packet, response_last_time
    cdef public long long idle, close_notify_client, close_notify_server, announced, got

cdef list[Record] kept_records(list[Record] records, list[Record] late, long long count)
cpdef list[Record] of_client(Tls tls)
cpdef list[Record] of_server(Tls tls)
cpdef tuple first_exchange(Tls tls, Connection connection, Completion done)
cdef find_cut(Tls tls, Side server, Opaque seen)
cdef find_close_notify(Tls tls, Completion done, Opaque seen)
cdef bint closes(Tls tls, Record record, int side) except -1
cdef list[Record] find_requests(Tls tls, Completion done)
cdef bint is_control(Tls tls, Record record) except -1
cdef Record find_proof(Tls tls, list[Record] requests, Opaque seen)
cpdef ends_with(Record record, Opaque seen)
cpdef long long body_bytes(Tls tls, list[Record] requests) except? -1
cdef Record find_response(
    Tls tls, Connection connection, list[Record] candidates, list[Record] requests, Record first, Opaque seen
)
cdef end_request(Tls tls, list[Record] requests, Record answer, Opaque seen)
cdef list[Record] h2_answers(
    Tls tls, Connection connection, list[Record] candidates, list[Record] requests, Record first, Opaque seen
)
cdef bint unlike_settings(
    Tls tls, Side client, Opaque seen, Record record, list[Record] requests, long long trip
) except -1
cdef list[Record] without_control(Tls tls, list[Record] candidates, Record headers, long long trip)
cdef bint no_control(Tls tls, Record record, Record headers) except -1
cdef bint answers_headers(Tls tls, Record record, Record previous, Record headers, long long trip) except -1
cdef measure(Tls tls, Side server, Record answer, Opaque seen)
