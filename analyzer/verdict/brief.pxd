cimport cython

from analyzer.fetch.flow cimport Flow
from analyzer.fetch.model cimport Fetch
from analyzer.fetch.registries cimport Package
from analyzer.verdict.model cimport Verdict, verdict_of
from analyzer.verdict.turn cimport Turn

cdef class Brief(Turn):
    cdef public Fetch fetch
    cdef public str kind, file, name, target, method, agent, protocol, klass, cause, missing, timer
    cdef public str outcome, flags, said, advice
    cdef public bytes client, host, server, ciphers
    cdef public Package package
    cdef public tuple evidence
    # from here on packed.py copies them as they stand, from `start` to `merged`
    cdef public long long start, over, ended, number
    cdef public long long established, last_syn, refused, to_client
    cdef public double wait_s
    cdef public int server_port, status, attempt, group
    cdef public unsigned char readable, authorized, secure, post_quantum, failed, attempted, carried, first, midstream
    cdef public unsigned char ecn, resolved, twin, rst_ttl, server_ttl, large_lost, told_by_icmp, merged
    cdef reach(self, Flow flow)
    cdef judged(self, Verdict verdict)
    cpdef flag(self, str word)

cdef bint is_attempt(Fetch fetch) except -1
cpdef Turn turn_of(Brief brief)
cpdef Brief brief_of(Turn turn)
cpdef Fetch settled(Brief brief)
