# The compiled twin of numbers.py: there is no module behind it, each that uses it has these in line.

from cpython.bytes cimport PyBytes_AS_STRING

cdef inline const unsigned char *octets(bytes data, Py_ssize_t at) noexcept:
    return <const unsigned char *>PyBytes_AS_STRING(data) + at

cdef inline int u16(bytes data, Py_ssize_t at) noexcept:
    cdef const unsigned char *o = octets(data, at)
    return o[0] << 8 | o[1]

cdef inline unsigned int u32(bytes data, Py_ssize_t at) noexcept:
    cdef const unsigned char *o = octets(data, at)
    return <unsigned int>o[0] << 24 | <unsigned int>o[1] << 16 | <unsigned int>o[2] << 8 | o[3]

cdef inline long long file_u16(bytes data, Py_ssize_t at, bint big) noexcept:
    cdef const unsigned char *o = octets(data, at)
    return o[0] << 8 | o[1] if big else o[1] << 8 | o[0]

cdef inline long long file_u32(bytes data, Py_ssize_t at, bint big) noexcept:
    cdef const unsigned char *o = octets(data, at)
    if big:
        return u32(data, at)
    return <unsigned int>o[3] << 24 | <unsigned int>o[2] << 16 | <unsigned int>o[1] << 8 | o[0]
