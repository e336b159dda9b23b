"""The 20 Newsgroups, sorted by date: one file per post, one folder per group.

Source: Lang (1995), http://qwone.com/~jason/20Newsgroups/
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from interact_cli.datasets.layouts import Layout, split_place, subfolders
from interact_cli.datasets.samples import Samples
from interact_cli.datasets.texts.lines import reading
from interact_cli.errors import DataRefused
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text
from interact_cli.types import Text

EXPECTED = "20news-bydate/{20news-bydate-test, 20news-bydate-train}/{alt.atheism, comp.graphics, ...}/NUMBER"
_FOLDERS = {"test": "20news-bydate-test", "train": "20news-bydate-train"}
_PLACES = ("20news-bydate", "20news_home", "20newsgroups", "newsgroups")
_MAX_POST_BYTES = 1 << 22

GROUPS = (
    "alt.atheism",
    "comp.graphics",
    "comp.os.ms-windows.misc",
    "comp.sys.ibm.pc.hardware",
    "comp.sys.mac.hardware",
    "comp.windows.x",
    "misc.forsale",
    "rec.autos",
    "rec.motorcycles",
    "rec.sport.baseball",
    "rec.sport.hockey",
    "sci.crypt",
    "sci.electronics",
    "sci.med",
    "sci.space",
    "soc.religion.christian",
    "talk.politics.guns",
    "talk.politics.mideast",
    "talk.politics.misc",
    "talk.religion.misc",
)
"""The classes, in sorted order; all of them, whichever are there, so that a class index never depends on a folder."""


def read(request: DataRequest) -> Samples:
    """Open the posts as they are stored, headers and quotations included, read as Latin-1: 20 classes.

    A post is read when it is asked for.

    Raises:
        DataRefused: not found, or a folder that is no newsgroup; later, of one post: too large, or binary.
        UsageError: an unknown split.
    """
    split, posts, notes = find_posts(request, "newsgroups")
    return Samples(
        name="newsgroups",
        split=split,
        kind="text",
        ids=[f"newsgroups/{split}/{post.parent.name}/{post.name}" for post in posts],
        read=partial(_text, posts),
        labels=np.array([GROUPS.index(post.parent.name) for post in posts], np.int64),
        class_names=GROUPS,
        notes=("posts are read with their headers", *notes),
    )


def find_posts(request: DataRequest, name: str) -> tuple[str, list[Path], tuple[str, ...]]:
    """Return split, files by group and number, and what is to be noted.

    Raises:
        DataRefused: not found, or a folder that is no newsgroup.
        UsageError: an unknown split.
    """
    layout = Layout(name, EXPECTED, _PLACES, ("20news-bydate.tar.gz",))
    split, top = split_place(request, layout, _FOLDERS)
    folders = subfolders(top)
    wrong = [folder.name for folder in folders if folder.name not in GROUPS]
    if wrong:
        raise DataRefused(f"'{top}' holds '{safe_text(wrong[0], 60)}', which is none of the 20 newsgroups. Remove it.")
    posts = [post for folder in folders for post in _numbered(folder)]
    if not posts:
        raise DataRefused(f"Expected posts in '{top}', got none. Expected {EXPECTED}.")
    missing = len(GROUPS) - len({post.parent for post in posts})
    return split, posts, (f"{missing} of the 20 groups have no posts",) if missing else ()


def read_post(path: Path) -> str:
    """Read one post.

    Raises:
        DataRefused: it is gone, too large, or binary.
    """
    with reading(path) as file:
        content = file.read(_MAX_POST_BYTES + 1)
    if len(content) > _MAX_POST_BYTES or b"\0" in content:
        arrived = "NUL bytes" if b"\0" in content else "more"
        raise DataRefused(f"Expected a text of at most {_MAX_POST_BYTES:,} bytes in '{path}', got {arrived}.")
    return content.decode("latin-1")


def _numbered(folder: Path) -> list[Path]:
    """Return the posts of a group by their numbers; other files are left out."""
    posts = [path for path in folder.iterdir() if path.name.isascii() and path.name.isdigit() and path.is_file()]
    return sorted(posts, key=lambda path: int(path.name))


def _text(posts: list[Path], index: int) -> Text:
    return Text(read_post(posts[index]))
