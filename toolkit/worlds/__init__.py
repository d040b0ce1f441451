"""Known-truth generators: pure functions of a seed, used by plug-ins, datasets and the calibration."""
