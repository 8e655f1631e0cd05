from analyzer.output.columns import COLUMNS, FIELDS, documentation

CONTRACT = (
    "file fetch class cause confidence name client client_port server server_port protocol start duration_s "
    "status method target summary evidence flags tcp_stream first_packet last_packet "
    "phase dns_s connect_s tls_s ttfb_s response_s silence_s tls_version alpn sni cert_subject cert_issuer cert_names "
    "cert_not_before cert_not_after cert_sha256 syn_count client_bytes server_bytes client_retransmissions "
    "server_retransmissions blame rst_origin timer vantage attempt wait_s group group_outcome ecosystem package "
    "package_version missing kind advice client_errors client_said process process_how wireshark_filter decrypted keys"
)


def test_no_column_is_removed_or_reordered():
    """Scripts of users read columns by name and by position; new ones go to the end, here as well."""
    assert " ".join(COLUMNS) == CONTRACT


def test_every_column_is_documented():
    """A column without a sentence under its field does not exist for users."""
    assert tuple(documentation()) == COLUMNS
    assert all(text.endswith(".") for text in documentation().values())
    assert len(FIELDS) == len(COLUMNS)
