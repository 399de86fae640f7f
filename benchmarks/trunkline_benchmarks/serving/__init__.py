"""What serving costs: latency, load, and what a user would otherwise pick, side by side."""
