"""Finer looks at the same counts: intersections, strata, slopes."""
