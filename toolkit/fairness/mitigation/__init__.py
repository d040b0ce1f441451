"""What could be done, each remedy with its cost."""
