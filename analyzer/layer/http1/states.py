# not compiled: names only
"""Where one direction of an HTTP/1.x connection stands in its current message.

HEAD -> BODY | CHUNK_SIZE | CLOSE | HEAD            a head ended, its framing decides
CHUNK_SIZE -> BODY -> CHUNK_END -> CHUNK_SIZE ...   one chunk
CHUNK_SIZE -> TRAILER -> HEAD                       the last chunk
HELD       bytes after a CONNECT whose answer is not known yet
GARBAGE    an answer that is no HTTP: its first bytes are kept
LOST       bytes are missing outside a body: wait for a segment that begins with a start line
DONE       nothing more can be said about this direction
UNFRAMED   the message goes on, and bytes that would tell where it ends are missing: the next one begins with a segment
"""

# not compiled: numbers only

HEAD = 0
BODY = 1
CHUNK_SIZE = 2
CHUNK_END = 3
TRAILER = 4
CLOSE = 5
HELD = 6
GARBAGE = 7
LOST = 8
DONE = 9
UNFRAMED = 10

LF = 10
CR = 13
"""Octets that end a line (RFC 9112 2.2)."""
