from analyzer.verdict.case cimport Case
from analyzer.verdict.model cimport Verdict
