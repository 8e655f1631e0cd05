from analyzer.model.connection cimport Connection, Side
from analyzer.model.event cimport Event
from analyzer.verdict.facts cimport Facts, count, span
from analyzer.verdict.model cimport Verdict
