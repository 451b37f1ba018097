"""Projects as directories: made for packages that have none."""
