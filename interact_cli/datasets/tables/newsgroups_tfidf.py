"""The 20 Newsgroups as Lengerich et al. (2022) use them: 1,000 TF-IDF columns of 1,000 posts of the training part.

Source: Lengerich et al. (2022), "Dropout as a regularizer of interaction effects", Table C.1.

What the paper leaves open is settled here, so that the same files always give the same columns. The first 1,000 posts:
the groups take turns, each in the order of its numbers. The columns: the 1,000 terms with the highest counts in these
posts, the alphabet breaking ties, in alphabetical order; terms and weights as in scikit-learn's TfidfVectorizer with
its default settings. The paper then adds k uniform columns and a 21st class; that belongs to the experiment and not to
the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from interact_cli.datasets.samples import Samples
from interact_cli.datasets.texts.newsgroups import EXPECTED, GROUPS, find_posts, read_post
from interact_cli.errors import DataRefused
from interact_cli.interfaces import DataRequest
from interact_cli.types import FloatArray

__all__ = ["EXPECTED", "N_COLUMNS", "N_POSTS", "read"]

N_POSTS = 1000
N_COLUMNS = 1000


def read(request: DataRequest) -> Samples:
    """Open the posts as rows of TF-IDF weights; the training part is the posts on which they were fitted.

    A row of the test part is computed when it is asked for. Where the training part has fewer terms than 1,000, there
    are fewer columns.

    Raises:
        DataRefused: not found, or no post with a word in it.
        UsageError: an unknown split.
    """
    split, posts, notes = find_posts(request, "newsgroups-tfidf")
    training = posts if split == "train" else find_posts(_training(request, posts), "newsgroups-tfidf")[1]
    fitted_on = _in_turns(training)[:N_POSTS]
    vectorizer = _fitted(fitted_on)
    chosen = fitted_on if split == "train" else posts
    return Samples(
        name="newsgroups-tfidf",
        split=split,
        kind="columns",
        ids=[f"newsgroups-tfidf/{split}/{post.parent.name}/{post.name}" for post in chosen],
        read=partial(_row, vectorizer, chosen),
        labels=np.array([GROUPS.index(post.parent.name) for post in chosen], np.int64),
        class_names=GROUPS,
        column_names=tuple(vectorizer.get_feature_names_out().tolist()),
        notes=(f"TF-IDF fitted on {len(fitted_on):,} posts of the training part, the groups in turns", *notes),
    )


def _training(request: DataRequest, test_posts: Sequence[Path]) -> DataRequest:
    """Ask for the training part that lies beside the test part."""
    return replace(request, path=test_posts[0].parent.parent.parent, split="train")


def _in_turns(posts: Sequence[Path]) -> list[Path]:
    """Return the posts with the groups taking turns."""
    groups = [[post for post in posts if post.parent.name == group] for group in GROUPS]
    return [post for post in chain.from_iterable(zip_longest(*groups)) if post is not None]


def _fitted(posts: Sequence[Path]) -> TfidfVectorizer:
    texts = [read_post(post) for post in posts]
    try:
        counter = CountVectorizer()
        totals = np.asarray(counter.fit_transform(texts).sum(axis=0)).ravel()
        names = counter.get_feature_names_out()
        # Not by max_features, whose order of equal counts is that of an unstable sort.
        kept = sorted(names[np.lexsort((names, -totals))[:N_COLUMNS]].tolist())
        return TfidfVectorizer(vocabulary=kept).fit(texts)
    except ValueError as error:
        raise DataRefused(f"Expected posts with words in '{posts[0].parent.parent}', got none: {error}.") from error


def _row(vectorizer: TfidfVectorizer, posts: Sequence[Path], index: int) -> FloatArray:
    row: FloatArray = vectorizer.transform([read_post(posts[index])]).toarray()[0]
    return row
