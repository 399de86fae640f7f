"""VGG16 with batch norms for pictures of 32 pixels a side, as pruning papers use it for CIFAR-10.

Architecture: Simonyan and Zisserman (2014), configuration D, with one linear layer behind it: 14.7
million parameters. `trunkline prune module FILE.py:vgg16` takes it.
"""

from __future__ import annotations

from torch import nn

WIDTHS = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)
"""Convolutions' widths; 0 is a maximum pooling."""


def vgg16(classes: int) -> nn.Module:
    """The whole network, random weights."""
    return vgg(classes, WIDTHS)


def vgg(classes: int, widths: tuple[int, ...]) -> nn.Module:
    """A network of 3x3 convolutions of these widths: (N, 3, S, S) to logits (N, classes)."""
    layers: list[nn.Module] = []
    channels = 3
    for width in widths:
        if not width:
            layers.append(nn.MaxPool2d(2))
            continue
        convolution = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
        layers += [convolution, nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
    last = nn.Linear(channels, classes)
    nn.init.normal_(last.weight, std=0.01)
    nn.init.zeros_(last.bias)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), last)
