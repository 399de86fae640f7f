"""`trunkline sweep`: accuracy against bytes, of features and of the pictures themselves."""
