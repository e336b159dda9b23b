"""SST-2 in GLUE's layout: sentences of film reviews, negative or positive.

Source: Socher et al. (2013), https://nlp.stanford.edu/sentiment/; Wang et al. (2019), https://gluebenchmark.com
"""

from __future__ import annotations

from interact_cli.datasets.layouts import Layout
from interact_cli.datasets.samples import Samples
from interact_cli.datasets.texts.glue import Part, Task, read_task
from interact_cli.interfaces import DataRequest

EXPECTED = "SST-2/{dev.tsv, train.tsv, test.tsv}, alone or in glue_data/: a line 'sentence<TAB>label', no quoting"

TASK = Task(
    name="sst2",
    layout=Layout("sst2", EXPECTED, ("SST-2", "glue_data/SST-2"), ("SST-2.zip",)),
    labelled=Part(("sentence", "label"), has_names=True),
    class_names=("negative", "positive"),
)


def read(request: DataRequest) -> Samples:
    """Open SST-2, its dev part unless asked otherwise; the test part is unlabelled.

    Raises:
        DataRefused: not found, another table, or a label that is no class.
        UsageError: an unknown split.
    """
    return read_task(request, TASK)
