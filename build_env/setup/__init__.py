"""What a machine needs to build packages, and how it gets it: looked at, judged, and only on request changed."""
