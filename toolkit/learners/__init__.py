"""Model families whose capacity can be dialled and counted; the home of the training libraries."""
