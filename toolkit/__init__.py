"""Evidence about AI model parameters, and fairness audits with intervals that are right."""
