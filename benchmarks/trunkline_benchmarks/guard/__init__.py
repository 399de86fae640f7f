"""The accuracy guard: what is served must be what the plain path computes."""
