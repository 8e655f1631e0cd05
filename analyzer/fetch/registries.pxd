from analyzer.wire.model cimport Exchange

cdef class Package:
    cdef public str ecosystem, name, version, file

cpdef Package package_of(Exchange exchange)
cdef bint marked(str target, str agent) except -1
cdef Package go(str path, str query, str host, str agent)
cdef Package checksums(str rest)
cdef str module(str path)
cdef str unescaped(str text)
cdef Package git(str path, str query, str agent)
cdef Package oci(str path, str agent)
cdef Package python(str path, str agent)
cdef Package npm(str path, str agent)
