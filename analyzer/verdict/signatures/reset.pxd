from analyzer.model.connection cimport Event, Side
from analyzer.model.http cimport Exchange
from analyzer.model.tls cimport Record, Tls
from analyzer.verdict.facts cimport Facts, capital, count, span
from analyzer.verdict.model cimport Verdict

cpdef bint may_be_cut(Facts case) except -1
