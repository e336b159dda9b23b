"""Checkpoints into networks, safely.

| module | answers |
|---|---|
| `files` | is this a file that can be opened, and what kind of file is it |
| `directories` | which kind of model directory is this, and which files are its own |
| `pickles` | torch's pickled containers, through an allow-list |
| `contents` | which tensors of the file are the weights, and what the file says of itself |
| `shards` | the weights of a model directory |
| `model_config` | ``config.json``: what it may say |
| `sidecar` | ``ckpt.yaml`` beside ``ckpt.pt`` |
| `geometry` | input and output of a network, from whoever describes them |
| `timm_models` | ``--arch timm:NAME`` |
| `torchvision_models` | ``--arch torchvision:NAME`` |
| `paper_networks` | ``--arch paper:NAME`` |
| `arguments` | what a network is told of its shape, from whoever says it first |
| `factories` | ``--arch py:MODULE:FACTORY`` and ``--arch py:FILE.py:FACTORY`` |
| `timm_directories` | what the ``config.json`` of timm says |
| `transformers_configs`, `transformers_models` | a directory of transformers into a network |
| `image_processors` | ``preprocessor_config.json`` into an `InputSpec` |
| `fitting` | do these weights fit this network, exactly |
| `suggestions` | which architectures the weights would fit, for error messages only |
| `preprocessing` | raw samples into network inputs |
| `loading` | all of it: a path into a `Model` |
| `inspection` | what is inside a file or a model directory, with nothing constructed |
| `offline` | no library reaches for a hub |
"""

from __future__ import annotations

from interact_cli.adapters import offline

__all__ = ["offline"]
