"""What people and programs read: columns, CSV, JSON lines, the terminal's table, the summary."""
