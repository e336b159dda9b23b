"""CoLA in GLUE's layout: English sentences, unacceptable or acceptable.

Source: Warstadt, Singh & Bowman (2019), https://nyu-mll.github.io/CoLA/; Wang et al. (2019), https://gluebenchmark.com
"""

from __future__ import annotations

from interact_cli.datasets.layouts import Layout
from interact_cli.datasets.samples import Samples
from interact_cli.datasets.texts.glue import Part, Task, read_task
from interact_cli.interfaces import DataRequest

EXPECTED = (
    "CoLA/{dev.tsv, train.tsv, test.tsv}, alone or in glue_data/: 4 columns (source, label, mark, sentence) without a "
    "line of names, no quoting"
)

TASK = Task(
    name="cola",
    layout=Layout("cola", EXPECTED, ("CoLA", "glue_data/CoLA"), ("CoLA.zip",)),
    labelled=Part(("source", "label", "mark", "sentence"), has_names=False),
    class_names=("unacceptable", "acceptable"),
)


def read(request: DataRequest) -> Samples:
    """Open CoLA, its dev part unless asked otherwise; the test part is unlabelled.

    Raises:
        DataRefused: not found, another table, or a label that is no class.
        UsageError: an unknown split.
    """
    return read_task(request, TASK)
