"""What features account for: Shapley values summed to the gap in mean score."""
