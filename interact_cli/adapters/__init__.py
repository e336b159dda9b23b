"""Checkpoints into networks, safely.

| room or module | answers |
|---|---|
| `loading` | all of it: a path into a `Model` |
| `containers` | what is this file or folder, and which tensors in it are the weights; nothing unsafe is opened |
| `architectures` | which network does ``--arch PREFIX:NAME`` name, and what does it take and give |
| `huggingface` | a folder of transformers into a network, with its tokenizer or image processor |
| `sidecar` | ``ckpt.yaml`` beside ``ckpt.pt`` |
| `fitting` | do these weights fit this network, exactly |
| `preprocessing` | raw samples into network inputs |
| `live_module` | a ``torch.nn.Module`` in memory into a `Model` |
| `inspection` | what is inside a file or a folder, with nothing constructed |
"""

from __future__ import annotations

from interact_cli.adapters.huggingface import offline

__all__ = ["offline"]
