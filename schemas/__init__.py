"""What is said: the events, entries and topics every other room reads; nothing of ours is imported here."""
