"""DNS: reads messages, pairs questions with answers."""
