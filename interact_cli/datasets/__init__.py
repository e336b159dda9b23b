"""Samples from files and from scikit-learn: one module per reader, plus how samples are drawn and named.

| module | data sets |
|---|---|
| `bundled` | ``digits``, ``wine``, ``breast_cancer``, ``iris``, ``diabetes``, ``photographs`` |
| `cifar10` | ``cifar10``, ``cifar100`` |
| `mnist` | ``mnist``, ``fashion_mnist``, ``kmnist`` |
| `tiny_imagenet` | ``tiny_imagenet`` |
| `celeba` | ``celeba`` |
| `folder` | ``folder:PATH`` |
| `saved` | ``saved:PATH`` |
| `table`, `parquet` | ``csv:FILE``, ``parquet:FILE`` |
| `census`, `tv_news`, `bike_share` | tables of UCI in their own layouts |
| `newsgroups`, `newsgroups_tfidf` | ``newsgroups`` as texts, ``newsgroups-tfidf`` as columns |
| `sst2`, `cola` | tab-separated files of `glue` |
| `text_files`, `texts` | ``text:FILE``, ``texts`` from the command line |
| `delimited`, `records`, `lines`, `json_lines` | where the rows of a text file start, found without parsing them |
| `labels` | label texts into class indices |
| `drawing` | which samples are measured, and the fingerprint of what was used |
| `locations`, `layouts` | where data is looked for, and what it looks like there |
| `pictures`, `arrow_stream`, `unpickling` | files from outside, opened so that none of them can run or flood anything |
"""
