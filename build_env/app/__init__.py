"""Wiring: the one place that names concrete classes and says in which order the parts are asked."""
