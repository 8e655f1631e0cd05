from analyzer.layer.http2.hpack cimport Decompressor

cdef class HeaderDecoder:
    cdef public Decompressor decoder
    cdef public long long unread
    cpdef forget(self)
    cpdef list read(self, bytes block)
