from analyzer.wire.http.fields cimport Fields

cdef int ABSENT, CHUNKED

cpdef str request_framing(Fields fields)
cpdef str response_framing(str method, int status, Fields fields)
cpdef chunk_size(bytes line)
cpdef int digit(unsigned char character) noexcept
