from analyzer.frame.octets cimport cut
from analyzer.layer.http1.fields cimport HeadFields
from analyzer.layer.http1.framing cimport chunk_size, digit
from analyzer.layer.http1.stream cimport Http1Side
from analyzer.layer.layer cimport Layer, Segment, place
from analyzer.model.http cimport Exchange

# the constants of states.py and reader.py as C numbers
cdef int BODY, CHUNK_END, CHUNK_SIZE, CLOSE, DONE, GARBAGE, HEAD, HELD, LOST, TRAILER, UNFRAMED
cdef int CLIENT, LF, CR, BAD_REQUEST, MAX_BODY_START, MAX_CHUNK_DIGITS, MAX_HEAD, MAX_START
cdef long long NEVER

cdef class HttpReader(Layer):
    cdef public Http1Side client, server
    cdef public int tunnel
    cdef public HeadFields found
    cdef begin_reading(self)
    cdef end(self, Http1Side stream)
    cdef Py_ssize_t go_on(self, Segment segment) except -1
    cdef hole(self, Http1Side stream, long long first, long long length)
    cdef read(self, Http1Side stream, bytes data, Py_ssize_t at, Py_ssize_t end)
    cdef Py_ssize_t read_line(self, Http1Side stream, bytes data, Py_ssize_t at, Py_ssize_t end) except -1
    cdef Py_ssize_t read_part(self, Http1Side stream, bytes data, Py_ssize_t at, Py_ssize_t end) except -1
    cdef Py_ssize_t read_head(self, Http1Side stream, bytes data, Py_ssize_t at, Py_ssize_t end) except -1
    cdef Py_ssize_t read_chunk_size(self, Http1Side stream, bytes data, Py_ssize_t at, Py_ssize_t end) except -1
    cdef take_line(self, Http1Side stream, bytes line)
    cdef take_chunk_size(self, Http1Side stream, long long size)
    cdef take_head_line(self, Http1Side stream, bytes line, bint blank)
    cdef body_over(self, Http1Side stream)
    cdef body_hole(self, Http1Side stream, long long start, long long length)
    cdef begin_framed(self, Http1Side stream, str kind, long long length)
    cdef bint check_start(self, Http1Side stream, bytes line) except -1
    cdef take_start_line(self, Http1Side stream, bytes line)
    cdef head_over(self, Http1Side stream)
    cdef bint whole_head(self, Http1Side stream, bytes data, Py_ssize_t at, Py_ssize_t stop) except -1
    cdef message_over(self, Http1Side stream)
    cdef update(self, Http1Side stream, Exchange exchange)
    cdef lose(self, Http1Side stream, long long start)
    cdef bint follows(self, Http1Side stream, bytes data) except -1
    cdef bint resync(self, Http1Side stream, bytes data) except -1
    cdef hold(self, Http1Side stream, bytes data)
    cdef Py_ssize_t keep_garbage(self, Http1Side stream, bytes data) except -1
    cdef malformed(self, Http1Side stream, str what)
