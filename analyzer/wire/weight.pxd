from analyzer.wire.content cimport Content
from analyzer.wire.http.parser cimport HttpParser
from analyzer.wire.http.stream cimport Stream
from analyzer.wire.intake cimport Intake
from analyzer.wire.model cimport Connection
from analyzer.wire.tls.parser cimport Half, TlsParser

# the constants of weight.py as C numbers
cdef int EXCHANGE, LINE, PIECE, RECORD, MILESTONE, MOVED, FREE_RECORDS, FREE_MILESTONES, HTTP2

cpdef long long weight(Connection connection) except -1
cdef long long of_content(Content content) except -1
cdef long long of_intake(Intake intake) except -1
cdef long long of_http(HttpParser http) except -1
cdef long long of_head(Stream stream) except -1
cdef long long of_tls(TlsParser tls) except -1
cdef Py_ssize_t of_records(Half half) except -1
cdef long long of_message(Half half) except -1
cdef long long of_http2(object http2) except -1
