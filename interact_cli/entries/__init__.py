"""Where the mask enters a network: input, word vectors, or a module inside; stem once, tail per coalition."""
