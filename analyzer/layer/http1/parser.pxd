from analyzer.layer.http1.framing cimport request_framing, response_framing
from analyzer.layer.http1.notes cimport add_milestone, forget, heed, keep_fields, note_acked
from analyzer.layer.http1.pairing cimport text_of
from analyzer.layer.http1.partial cimport Partial
from analyzer.layer.http1.start cimport StartLine
from analyzer.layer.http1.stream cimport Http1Side
from analyzer.layer.layer cimport Layer, Segment, place
from analyzer.model.http cimport Exchange

# the constants of states.py and parser.py as C numbers
cdef int BODY, CLOSE, DONE, GARBAGE, HEAD, HELD, LOST, UNFRAMED, MAX_GARBAGE
cdef long long NEVER

cdef class HttpParser(Partial):
    cdef public bytes leftover_client, leftover_server
    cdef public long long leftover_client_start, leftover_server_start
    cdef public bytearray held
    cdef StartLine start_line
    cdef begin_request(self, Http1Side stream)
    cpdef take_for_request(self, long long end, long long packet, long long time, long long last_packet, long long last_time)
    cdef request_head_over(self)
    cdef write(self, str what, Http1Side stream)
    cdef begin_response(self, Http1Side stream, Exchange exchange)
    cdef response_head_over(self)
    cdef begin_garbage(self, bytes line)
    cdef release(self)
