"""Package repositories that apt and dnf read: signed, switched atomically, never half-published.

`model` has the data, `signing` the key, `apt` and `rpm` one publisher each; `generation`, `pool`,
`retention` and `timing` are what both share. Nothing here builds or plans.
"""
