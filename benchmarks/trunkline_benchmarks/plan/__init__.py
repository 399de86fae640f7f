"""`trunkline plan`: what each possible cut costs, what sharing saves, where to cut."""
