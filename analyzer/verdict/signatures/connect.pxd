from analyzer.model.connection cimport Connection, Event, Side
from analyzer.verdict.facts cimport Facts, count, span
from analyzer.verdict.model cimport Verdict
