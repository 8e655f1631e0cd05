from analyzer.model.connection cimport Event
from analyzer.model.http cimport Exchange
from analyzer.verdict.facts cimport Facts, capital, count, span
from analyzer.verdict.model cimport Verdict
from analyzer.verdict.seen cimport lost_on_the_way, may_be_answered
