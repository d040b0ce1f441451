"""A misconception that lives in its own package."""
