from analyzer.capture.numbers cimport u32
from analyzer.layer.http2.fields cimport HeaderDecoder
from analyzer.layer.layer cimport Layer, Segment, place
from analyzer.model.connection cimport Direction

# the constants of registry.py and states.py as C numbers
cdef int CONTINUATION, DATA, DEFAULT_WINDOW, FRAME_HEADER, GOAWAY, HEADERS, PADDED, PUSH_PROMISE, RST_STREAM, SETTINGS
cdef int WINDOW_UPDATE, FRAME, GARBAGE, LOST, OPENING, PAYLOAD, CLIENT, GOAWAY_HEAD, MAX_SETTINGS
cdef long long NEVER

cdef class Http2Side:
    cdef public Direction side
    cdef public HeaderDecoder fields
    cdef public int state, kind, flags, broken, block_ends, block_broken
    cdef public long long stream, left, wanted, length, lost_before, block_stream, block_at
    cdef public bytearray head, body, block
    cdef public long long start, start_ack, start_packet, start_time, position, packet, time, ack, window, initial

cdef class FrameReader(Layer):
    cdef public Http2Side client, server
    cdef begin_frames(self)
    cdef read(self, Http2Side half, bytes data, Py_ssize_t at, Py_ssize_t end)
    cdef hole(self, Http2Side half, long long length)
    cdef Py_ssize_t needless(self, Http2Side half) except -1
    cdef skipped(self, Http2Side half)
    cdef begin_head(self, Http2Side half)
    cdef Py_ssize_t read_head(self, Http2Side half, bytes data, Py_ssize_t at, Py_ssize_t end) except -1
    cdef begin_frame(self, Http2Side half, bytes head, Py_ssize_t at)
    cdef write(self, str what, Http2Side half, long long at, long long length, object note)
    cdef long long kept(self, Http2Side half) except -1
    cdef Py_ssize_t read_payload(self, Http2Side half, bytes data, Py_ssize_t at, Py_ssize_t end) except -1
    cdef end_frame(self, Http2Side half)
    cdef headers_begin(self, Http2Side half)
    cdef frame_over(self, Http2Side half)
    cpdef lose_boundaries(self, Http2Side half)
    cdef begin_garbage(self, Http2Side half)
    cdef keep_garbage(self, bytes data)
    cdef bint garbage_over(self) except -1
