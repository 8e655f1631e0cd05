from analyzer.layer.detection cimport refusal
from analyzer.layer.http1.parser cimport HttpParser
from analyzer.layer.kept cimport Kept, Waiting
from analyzer.layer.layer cimport Segment

cdef int CLIENT
cdef long long NEVER

cdef class Unknown(Waiting):
    cdef judge(self)
