from analyzer.model.connection cimport Side
from analyzer.verdict.facts cimport Facts
from analyzer.verdict.model cimport Verdict
