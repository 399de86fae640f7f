"""Trunkline: one shared CNN trunk at the edge, one small frame, any number of cloud tasks."""
