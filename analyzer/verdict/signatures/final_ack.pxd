from analyzer.model.connection cimport Connection, Event
from analyzer.verdict.facts cimport Facts, count, span
from analyzer.verdict.model cimport Verdict
