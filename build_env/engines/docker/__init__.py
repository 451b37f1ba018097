"""Rooms and images in containers, by a Docker engine or a Podman socket; nothing else knows their interface."""
