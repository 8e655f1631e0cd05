# The compiled twin of packing.py: there is no module behind it, who uses it has it in line.

from cpython.bytearray cimport PyByteArray_AS_STRING
from cpython.bytes cimport PyBytes_AS_STRING
from libc.stdint cimport uint32_t
from libc.string cimport memcpy, memset

cdef inline void put_packet(
    bytearray buffer, Py_ssize_t at, long long total, long long interface, long long time, long long length, bytes data,
    Py_ssize_t start, Py_ssize_t captured
) noexcept:
    cdef char *block = PyByteArray_AS_STRING(buffer) + at
    cdef uint32_t head[7]
    cdef uint32_t tail = <uint32_t>total
    head[0] = 6
    head[1] = tail
    head[2] = <uint32_t>interface
    head[3] = <uint32_t>(time >> 32)
    head[4] = <uint32_t>time
    head[5] = <uint32_t>captured
    head[6] = <uint32_t>length
    memcpy(block, head, 28)
    memcpy(block + 28, PyBytes_AS_STRING(data) + start, captured)
    memset(block + 28 + captured, 0, total - 32 - captured)
    memcpy(block + total - 4, &tail, 4)
