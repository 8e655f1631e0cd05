from analyzer.keys.direction cimport Opener
from analyzer.keys.hidden cimport Hidden
from analyzer.keys.secrets cimport Secrets

cdef class Session(Hidden):
    cdef public Opener client, server
    cdef public str problem
    cdef public Secrets secrets
