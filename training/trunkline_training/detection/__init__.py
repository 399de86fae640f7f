"""What teaches a detector: augmentation, matching, loss."""
