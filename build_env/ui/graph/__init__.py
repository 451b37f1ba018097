"""The graph of a plan as a picture: `nodes` says what is in it, `dot` and `mermaid` write it for two programs."""
