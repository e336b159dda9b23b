"""From a name to a network without weights: timm, torchvision, the papers' networks, your own factories."""
