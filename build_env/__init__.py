"""build-env: a multi-target package build orchestrator (see docs/architecture.md)."""

__all__ = ["__version__"]

__version__ = "0.1.0"
