from analyzer.layer.http1.fields cimport HeadFields

cdef int ABSENT, CHUNKED

cpdef str request_framing(HeadFields fields)
cpdef str response_framing(str method, int status, HeadFields fields)
cpdef chunk_size(bytes line)
cpdef int digit(unsigned char character) noexcept
