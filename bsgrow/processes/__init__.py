"""Processes: those that share work, what is sent between them, and signals that end one."""
