"""The demonstration: a sample clinic of synthetic people, sandboxes for portals, one live pass."""
