"""What a task can be: one module per kind, and the way from a task to what is done for it."""
