"""The repository of a channel: signed, switched atomically over all its views, never half-published.

`snapshot` is the one transaction; `generation`, `pool` and `retention` are its parts, `signing` the key,
`local` the publisher of a run. What an index looks like is the business of each format. Nothing here builds or plans.
"""
