"""`trunkline task check`, `rank`, `train`, `eval`, `compare` and `new`."""
