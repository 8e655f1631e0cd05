"""One self-contained HTML page about the fetches of captures."""
