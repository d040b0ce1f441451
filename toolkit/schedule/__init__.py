"""Reports on a schedule: which jobs there are, what is due, the tick that runs it, exports."""
