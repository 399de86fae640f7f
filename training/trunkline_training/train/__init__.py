"""`trunkline train`: trains tails by gradient descent."""
