"""What a packaged task is worth, in figures and plots."""
