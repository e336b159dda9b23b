"""Every source that a reader meets can be looked up: in the bibliography, and in the list of errata."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from interact_cli import extensions
from interact_cli.cli.listing import REFERENCES
from interact_cli.interactions.indices import INDICES
from interact_cli.metrics import instability
from interact_cli.metrics.published import PROTOCOLS
from interact_cli.scores import OF_ANY_MODULE, SCORES
from interact_cli.selfcheck.run import IDENTITIES
from interact_cli.strict_yaml import load_strict

ROOT = Path(__file__).parents[1]
KNOWN = load_strict(REFERENCES.read_text(encoding="utf-8"), REFERENCES.name)
ERRATA = {
    int(number) for number in re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "mathematics.md").read_text(), re.MULTILINE)
}
OWN = ("derived", "each index's own", "regression networks")
"""Sources that are nobody's work."""
SOURCES = sorted(
    {extensions.metric(entry.name).source for entry in extensions.metrics() if entry.origin == extensions.ORIGIN}
    | {one.source for one in (*INDICES.values(), *SCORES.values(), *OF_ANY_MODULE, *PROTOCOLS.values(), *IDENTITIES)}
    | {instability.SOURCE}
)
NAMED = re.compile(r"[A-Z][\w]+(?:,? (?:[A-Z]\w+|& (?:von )?[A-Z]\w+|et al\.))* \((?:[A-Z]+ )?\d{4}\)")
"""``Shapley (1953)``, ``Tsai, Yeh & Ravikumar (2023)``, ``Zhang et al. (ICLR 2021)``."""


def files() -> list[Path]:
    folders = (ROOT / name for name in ("interact_cli", "docs", "plugins", "sample_configs"))
    found = (file for folder in folders for file in folder.rglob("*") if file.suffix in {".py", ".md", ".yaml"})
    return [ROOT / "README.md", *found]


@pytest.mark.parametrize("source", SOURCES)
def test_the_source_of_a_number_is_in_the_bibliography(source: str):
    named = NAMED.findall(source)
    assert named or source in OWN
    assert [name for name in named if name not in KNOWN] == []


def test_a_name_is_found_whatever_its_form():
    text = "Bordt & von Luxburg (2023); Tsai, Yeh & Ravikumar (2023), of Zhang et al. (ICLR 2021), section 3"
    assert NAMED.findall(text) == [
        "Bordt & von Luxburg (2023)", "Tsai, Yeh & Ravikumar (2023)", "Zhang et al. (ICLR 2021)",
    ]  # fmt: skip


def test_every_entry_names_authors_title_and_place():
    for name, work in KNOWN.items():
        first = re.split(r"[ ,]", name)[0]
        assert first in work, name
        assert work.count(". ") >= 3, name


def test_every_erratum_that_is_cited_is_listed():
    cited = set()
    for file in files():
        for numbers in re.findall(r"\berrat(?:um|a) ((?:\d+(?:, | and | to )?)+)", file.read_text(encoding="utf-8")):
            ends = [int(number) for number in re.findall(r"\d+", numbers)]
            cited |= set(range(ends[0], ends[1] + 1)) if " to " in numbers else set(ends)
    assert len(cited) > 10
    assert cited <= ERRATA


def test_no_paper_goes_by_a_number():
    numbered = re.compile(r"\b[Pp]apers? 00\d|protocols\.md")
    assert [str(file) for file in files() if numbered.search(file.read_text(encoding="utf-8"))] == []
