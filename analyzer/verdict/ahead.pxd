from analyzer.fetch.ahead cimport itself, parts
from analyzer.fetch.model cimport Fetch
from analyzer.verdict.brief cimport Brief
from analyzer.verdict.line cimport Line
from analyzer.verdict.model cimport Evidence, Verdict, verdict_of
from analyzer.wire.ahead cimport ask

cdef int STEP, BRIEF, EVIDENCE, LIST, SUMMARY

cpdef briefs(list[Brief] waiting)
cpdef leaving(Line line)
cdef Fetch fetch_of(Line line, int place)
