"""HTTP doors: they translate between requests and the edge, and do nothing else."""
