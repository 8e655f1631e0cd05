"""Why it ended: the documented signatures, their order, confidence, evidence and advice."""
