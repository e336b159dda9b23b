"""From a folder of transformers to a network: configuration, weights, tokenizer or image processor."""
