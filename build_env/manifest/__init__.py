"""How files of the project are written: YAML with positions."""
