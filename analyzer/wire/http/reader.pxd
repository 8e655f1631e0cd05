from analyzer.wire.http.fields cimport Fields
from analyzer.wire.http.framing cimport chunk_size, digit
from analyzer.wire.http.stream cimport Stream
from analyzer.wire.model cimport Connection, Exchange, Side
from analyzer.wire.octets cimport cut

# the constants of states.py and reader.py as C numbers
cdef int BODY, CHUNK_END, CHUNK_SIZE, CLOSE, DONE, GARBAGE, HEAD, HELD, LOST, TRAILER, UNFRAMED
cdef int LF, CR, BAD_REQUEST, MAX_BODY_START, MAX_CHUNK_DIGITS, MAX_HEAD, MAX_START
cdef long long NEVER

cdef class Reader:
    cdef public Connection connection
    cdef public Stream client, server
    cdef public int tunnel
    cdef public Fields found
    cdef begin(self, Connection connection)
    cpdef data(
        self, Side side, bytes data, Py_ssize_t at, Py_ssize_t end, long long packet, long long time, long long ack
    )
    cpdef gap(self, Side side, long long length, long long packet, long long time)
    cdef read(self, Stream stream, bytes data, Py_ssize_t at, Py_ssize_t end)
    cdef Py_ssize_t read_line(self, Stream stream, bytes data, Py_ssize_t at, Py_ssize_t end) except -1
    cdef Py_ssize_t read_part(self, Stream stream, bytes data, Py_ssize_t at, Py_ssize_t end) except -1
    cdef Py_ssize_t read_head(self, Stream stream, bytes data, Py_ssize_t at, Py_ssize_t end) except -1
    cdef Py_ssize_t read_chunk_size(self, Stream stream, bytes data, Py_ssize_t at, Py_ssize_t end) except -1
    cdef take_line(self, Stream stream, bytes line)
    cdef take_chunk_size(self, Stream stream, long long size)
    cdef take_head_line(self, Stream stream, bytes line, bint blank)
    cdef body_over(self, Stream stream)
    cdef body_hole(self, Stream stream, long long start, long long length)
    cdef begin_framed(self, Stream stream, str kind, long long length)
    cdef bint check_start(self, Stream stream, bytes line) except -1
    cdef take_start_line(self, Stream stream, bytes line)
    cdef head_over(self, Stream stream)
    cdef bint whole_head(self, Stream stream, bytes data, Py_ssize_t at, Py_ssize_t stop) except -1
    cdef message_over(self, Stream stream)
    cdef update(self, Stream stream, Exchange exchange)
    cdef lose(self, Stream stream, long long start)
    cdef bint follows(self, Stream stream, bytes data) except -1
    cdef bint resync(self, Stream stream, bytes data) except -1
    cdef hold(self, Stream stream, bytes data)
    cdef Py_ssize_t keep_garbage(self, Stream stream, bytes data) except -1
    cdef malformed(self, Stream stream, str what)
