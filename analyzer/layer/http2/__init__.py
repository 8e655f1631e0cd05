"""HTTP/2 in plain text (h2c): frames, header compression, and the streams that they belong to."""
