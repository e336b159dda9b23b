"""Samples from files and from scikit-learn: one module per reader, plus how samples are drawn and named.

| room or module | holds |
|---|---|
| `bundled` | ``digits``, ``wine``, ``breast_cancer``, ``iris``, ``diabetes``, ``photographs`` |
| `images` | CIFAR, MNIST and its kin, Tiny-ImageNet, CelebA, folders of images |
| `tables` | CSV, Parquet, the tables of UCI, TF-IDF of 20 Newsgroups |
| `texts` | GLUE's sentences, 20 Newsgroups, text files, the command line |
| `saved` | folders that the library ``datasets`` saved |
| `drawing` | which samples are measured, and the fingerprint of what was used |
| `locations`, `layouts` | where data is looked for, and what it looks like there |
| `labels`, `samples`, `request` | what every reader shares: class indices, the record behind it, the question |
"""
