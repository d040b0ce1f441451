"""Fairness as pure functions over counts: metrics, gaps, attribution, variance shares, mitigation."""
