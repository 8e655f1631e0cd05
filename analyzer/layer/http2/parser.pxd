from analyzer.layer.http1.notes cimport add_milestone, heed, note_acked
from analyzer.layer.http1.pairing cimport text_of
from analyzer.layer.http2.fields cimport HeaderDecoder
from analyzer.layer.http2.reader cimport Http2Side
from analyzer.layer.http2.streams cimport Streams
from analyzer.layer.layer cimport Layer, place
from analyzer.model.http cimport Exchange, Http2

# the constants of registry.py and states.py as C numbers
cdef int ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, FRAME_HEADER, GOAWAY, HEADERS, NO_ERROR, PADDED, PAYLOAD
cdef int PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE, WEIGHT, FIELD, MAX_GOAWAYS

cdef class Http2Parser(Streams):
    cdef take_over(self, Exchange exchange)
    cdef Py_ssize_t kept_of(self, Http2Side half) except -1
    cdef add_to_block(self, Http2Side half)
    cdef bytes fragment(self, Http2Side half)
    cdef block_over(self, Http2Side half)
    cdef data_over(self, Http2Side half)
    cdef Exchange count_data(self, Http2Side half, long long got, bint unfinished)
    cdef stream_reset(self, Http2Side half)
    cdef bint unread_before(self, Http2Side half) except -1
    cdef note_reset(self, Http2Side half, Exchange exchange, long long code, bint goaway)
    cdef client_goaway(self, Http2Side half)
    cdef goaway(self, Http2Side half)
    cdef request_head(self, Http2Side half, Exchange exchange, list found)
    cdef response_head(self, Http2Side half, Exchange exchange, list found)
    cdef unknown_status(self, Exchange exchange)
    cdef final_head(self, Http2Side half, Exchange exchange)
    cdef side_over(self, Http2Side half, Exchange exchange)
