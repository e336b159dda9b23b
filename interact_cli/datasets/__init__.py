"""Samples from files and from scikit-learn: one module per reader, plus how samples are drawn and named.

| module | data sets |
|---|---|
| `bundled` | ``digits``, ``wine``, ``breast_cancer``, ``iris``, ``diabetes``, ``photographs`` |
| `cifar10` | ``cifar10``, ``cifar100`` |
| `folder` | ``folder:PATH`` |
| `table` | ``csv:FILE`` |
| `drawing` | which samples are measured, and the fingerprint of what was used |
| `locations` | where data is looked for |
"""
