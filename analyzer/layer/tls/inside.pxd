from analyzer.keys.direction cimport Opener
from analyzer.keys.session cimport Session
from analyzer.layer.layer cimport Layer
from analyzer.layer.tls.plaintext cimport Conversation, Half
from analyzer.layer.tls.records cimport RecordWalk
from analyzer.model.tls cimport Record, Tls

# the constants of inside.py as C numbers
cdef int CLIENT_HELLO, SERVER_HELLO, NEW_SESSION_TICKET, ENCRYPTED_EXTENSIONS, CERTIFICATE, CERTIFICATE_REQUEST, FINISHED
cdef int EARLY_STAGE, APPLICATION_STAGE, SHORT, MAX_MESSAGE, MAX_HELD, WAITING, WEIGHT
cdef int ALERT, APPLICATION_DATA, CCS, HANDSHAKE, TLS13, CLIENT, HANDSHAKE_ONLY, HEADS
cdef long long NEVER

cdef class Inside(Conversation):
    cdef public object store
    cdef public Session session
    cdef public bytes random, hello
    cdef public tuple offered
    cdef public long long asked, held
    cdef public list changes, waiting, early
    cdef found(self)
    cpdef look(self)
    cdef wait(self, RecordWalk side, Record record, bytes body)
    cpdef negotiated(self, bytes message)
    cdef negotiate(self, bytes hello)
    cdef told(self, Opener direction)
    cdef measure(self)
    cpdef declined(self)
    cpdef ticketed(self, bytes message)
    cdef resumable(self, bytes name)
    cdef Opener opener(self, Half half)
    cdef record(self, RecordWalk side, int version, Record record, bytes body)
    cpdef over_with(self, RecordWalk side)
    cpdef torn(self, RecordWalk side)
    cdef bytes beginning(self, Half half, Record record, bytes body)
    cpdef change(self, int index)
    cpdef drift(self, int index, long long since)
    cdef bint talks(self, Opener direction) except -1
    cdef caught_up(self, Half half, Record record, Opener direction)
    cdef take(self, RecordWalk side, Half half, Opener direction, Record record, int kind, bytes plain)
    cpdef finish(self)
    cdef handshake(self, Half half, Record record, bytes plain)
    cdef message(self, Half half, Record record, bytes plain, Py_ssize_t at, Py_ssize_t end)
    cdef answered_early(self, bint taken)
    cdef renegotiates(self, bytes body)
