from analyzer.layer.content cimport Content
from analyzer.layer.http1.parser cimport HttpParser
from analyzer.layer.http1.stream cimport Http1Side
from analyzer.layer.intake cimport Intake
from analyzer.layer.tls.parser cimport TlsSide, TlsParser
from analyzer.model.connection cimport Connection

# the constants of weight.py as C numbers
cdef int EXCHANGE, LINE, PIECE, RECORD, MILESTONE, MOVED, FREE_RECORDS, FREE_MILESTONES, HTTP2

cpdef long long weight(Connection connection) except -1
cdef long long of_content(Content content) except -1
cdef long long of_intake(Intake intake) except -1
cdef long long of_http(HttpParser http) except -1
cdef long long of_head(Http1Side stream) except -1
cdef long long of_tls(TlsParser tls) except -1
cdef Py_ssize_t of_records(TlsSide half) except -1
cdef long long of_message(TlsSide half) except -1
cdef long long of_http2(object http2) except -1
