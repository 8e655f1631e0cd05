from analyzer.layer.http1.notes cimport add_milestone, forget, note_acked
from analyzer.layer.http1.pairing cimport text_of
from analyzer.layer.http2.reader cimport FrameReader, Http2Side
from analyzer.layer.layer cimport place
from analyzer.model.http cimport Exchange, Http2

cdef int GARBAGE, LOST, INITIAL_WINDOW_SIZE, NO_ERROR
cdef long long MAX_WINDOW

cdef class Streams(FrameReader):
    cdef public dict open, ended
    cdef public long long count, newest, text, goaway_last, goaway_code, goaway_packet, goaway_time, goaways
    cdef public bytes garbage
    cdef begin_streams(self)
    cdef Exchange new_exchange(self, long long stream)
    cdef Exchange unasked(self, Http2Side half)
    cdef begin_request(self, Http2Side half, Exchange exchange)
    cdef begin_response(self, Http2Side half, Exchange exchange)
    cdef forget_response(self, Exchange exchange)
    cdef mark_end(self, Http2Side half, Exchange exchange, long long end, long long packet, long long time)
    cdef leave_untold(self, Exchange exchange)
    cdef over(self, Exchange exchange)
    cdef tell_goaway(self, Exchange exchange)
    cdef window_update(self, Http2Side half)
    cdef take_settings(self, Http2Side half)
    cdef Http2Side peer(self, Http2Side half)
    cdef note_blocked(self, Exchange exchange)
