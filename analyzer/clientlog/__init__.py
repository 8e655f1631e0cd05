"""What the clients themselves said: error lines of a log, and the fetches they speak of (signatures.md 2.6).

A line is an annotation of a fetch. No verdict comes from one, and none is changed by one.
"""
