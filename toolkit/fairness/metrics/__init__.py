"""Group metrics with the right interval for each, from counts."""
