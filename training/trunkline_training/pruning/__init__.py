"""Smaller tails, trunks and modules: filters are scored, removed for good, and the rest re-learns.

Filters that are removed together form a group: those of one convolution, of the depth-wise one
behind it, of every convolution whose output is added to theirs.
"""
