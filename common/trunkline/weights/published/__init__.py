"""One file per published weight set; `trunkline.weights.sets` holds their table."""
