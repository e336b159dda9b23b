"""Checkpoints into networks, safely.

| module | answers |
|---|---|
| `files` | is this a file that can be opened, and what kind of file is it |
| `pickles` | torch's pickled containers, through an allow-list |
| `contents` | which tensors of the file are the weights, and what the file says of itself |
| `sidecar` | ``ckpt.yaml`` beside ``ckpt.pt`` |
| `geometry` | input and output of a network, from whoever describes them |
| `timm_models` | ``--arch timm:NAME`` |
| `factories` | ``--arch py:MODULE:FACTORY`` and ``--arch py:FILE.py:FACTORY`` |
| `fitting` | do these weights fit this network, exactly |
| `suggestions` | which architectures the weights would fit, for error messages only |
| `preprocessing` | raw samples into network inputs |
| `loading` | all of it: a path into a `Model` |
| `inspection` | what is inside a file, with nothing constructed |
"""
