from analyzer.fetch.ahead cimport itself, parts
from analyzer.fetch.model cimport Fetch
from analyzer.model.ahead cimport ask
from analyzer.verdict.line cimport Line
from analyzer.verdict.model cimport Evidence, Verdict, verdict_of

cdef int STEP, EVIDENCE, LIST, SUMMARY

cpdef leaving(Line line)
