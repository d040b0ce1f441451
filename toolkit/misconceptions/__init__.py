"""The catalogue of beliefs: one file each, found by its name."""
