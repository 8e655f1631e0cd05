"""Writes the `.pkt` notation, which analyzer/pkt/ reads: one connection as an anonymised timeline (`whyfetch case`).

What is said of payload comes from what the layers log as they read it (model/log.py): nothing here reads the wire.
"""
