from analyzer.fetch.ahead cimport itself, parts
from analyzer.fetch.model cimport Fetch
from analyzer.verdict.brief cimport Brief
from analyzer.verdict.line cimport Line
from analyzer.verdict.model cimport Evidence, Verdict, verdict_of
from analyzer.verdict.turn cimport Turn
from analyzer.model.ahead cimport ask

cdef int STEP, TURN, BRIEF, EVIDENCE, LIST, SUMMARY

cpdef turns(list[Turn] waiting)
cpdef leaving(Line line)
cdef Fetch fetch_of(Line line, int place)
