"""Keys of TLS, and what they open: the only room that knows the library `cryptography`. Knows no packet and no stream.

What a layer of TLS does with it:

    store = Store(key_logs(["keys.log"]))       # once a capture; `add_block` for what that brings with it
    session = store.session(client_random)      # at the ClientHello: None = no secrets are known by now, ask again
    session.negotiated(version, suite, server_random, encrypt_then_mac=...)  # at the ServerHello, no HelloRetryRequest
    found = session.server.open(kind, version, body)  # of each record, in order; (content type, plaintext) or None
    session.server.skip()                       # of a record that nobody needs to see: it is counted, never decrypted
    session.server.gap(lost)                    # bytes were not seen, maybe with the boundaries of records

Ask for `session.client` and `session.server` each time: they are others when it is known what was negotiated. Records
that are not protected come back from `open` as they are; in TLS 1.2 and older all go through it (or `skip`), in
TLS 1.3 those before the keys may be left out. A ClientHello inside a connection means `session.renegotiates`, then
`negotiated` again. `stage` tells early data, which may have been rejected; `problem` names a suite or a
version that is not supported; `opened` and `failed` count. Keys are made when a record asks for them. Connections that
are copied (`deepcopy`) share their keys and count on their own. No secret is in any `repr`, error or note.
"""
