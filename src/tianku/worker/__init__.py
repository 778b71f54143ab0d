"""The worker: takes jobs in their turns, and does each in a child process that dies with it."""
