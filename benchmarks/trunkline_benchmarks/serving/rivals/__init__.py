"""What a user would otherwise pick, each set up as its own documentation says.

Programs of their own: `python -m trunkline_benchmarks.serving.rivals.NAME --port P ...`.
"""
