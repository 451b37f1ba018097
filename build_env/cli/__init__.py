"""The command line: one module per command; parses, calls `app`, maps errors to exit codes. Nothing else."""
