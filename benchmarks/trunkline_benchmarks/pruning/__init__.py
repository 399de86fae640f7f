"""What pruning costs in accuracy: VGG16 on CIFAR-10, every method, several seeds, paired."""
