from analyzer.verdict.case cimport Case, capital, count, span
from analyzer.verdict.seen cimport lost_on_the_way, may_be_answered
from analyzer.verdict.model cimport Verdict
from analyzer.wire.model cimport Exchange, Milestone
