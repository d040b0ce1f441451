"""A third party's package with one tiny experiment that does what a test tells it to."""
