from analyzer.fetch.target cimport host_of
from analyzer.model.http cimport Exchange

cdef class Package:
    cdef public str ecosystem, name, version, file
    cdef begin(self, str ecosystem, str name, str version, str file)

cpdef Package package_of(Exchange exchange)
cdef str named(str text)
cdef bint marked(str target, str agent) except -1
cdef Package go(str path, str query, str host, str agent)
cdef Package checksums(str rest)
cdef str module(str path)
cdef str unescaped(str text)
cdef Package git(str path, str query, str agent)
cdef Package oci(str path, str agent)
cdef Package python(str path, str agent)
cdef Package npm(str path, str agent)
