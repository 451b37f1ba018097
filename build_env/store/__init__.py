"""The disposable store: content-addressed files and the record of results."""
