from analyzer.fetch.ahead cimport itself, parts
from analyzer.fetch.model cimport Fetch
from analyzer.verdict.line cimport Line
from analyzer.verdict.model cimport Evidence, Verdict, verdict_of
from analyzer.wire.ahead cimport ask

cdef int STEP, EVIDENCE, LIST, SUMMARY

cpdef leaving(Line line)
