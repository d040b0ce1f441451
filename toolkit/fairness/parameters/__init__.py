"""What data and parameters account for: splits of a gap, the fan of refits, interventions."""
