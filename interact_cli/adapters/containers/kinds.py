"""What a checkpoint may come in, and what is refused by name: the table that is listed and that the README shows."""

from __future__ import annotations

CONTAINERS = {
    "torch.save, zip or legacy": ".pt, .pth, .ckpt, .pth.tar, told by their bytes: bare, wrapped, prefixed state dicts",
    "timm training file": "averaged (EMA) or raw weights, and the architecture where the file names a timm model",
    "Lightning .ckpt": "its state dict; hyper-parameters are shown as text, Lightning is never imported",
    "safetensors": "tensors alone; the architecture comes from its metadata, a sidecar or --arch",
    "transformers folder": "config.json, model.safetensors (or shards with their index), tokenizer: sequence and image "
    "classification, plain encoders (feature scores), causal language models (log p of a continuation)",
    "timm folder": "config.json with an architecture, model.safetensors or pytorch_model.bin",
    "refused by name": "TorchScript, .pt2, whole pickled modules, ONNX, GGUF, Keras, TensorFlow: the message gives the "
    "conversion",
}
"""Container -> what of it is taken."""
