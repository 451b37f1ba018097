"""Package formats: what the rest of build-env asks of `.deb` and `.rpm`, and of formats it has never heard of.

`format` says what a format is, `registry` which there are; each format is a module or package of its own. Nothing here
knows of tasks, stores or generations of a repository.
"""
