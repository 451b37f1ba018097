"""Projects as directories: begun, extended, and made for packages that have none."""
