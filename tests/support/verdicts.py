"""Hand-built comparisons and verdicts of every shape, plain and hostile."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from interact_cli.verdicts import (
    Comparison,
    Decision,
    Difference,
    Pairing,
    Problem,
    RuleVerdict,
    Side,
    Spoken,
    Verdict,
)

NAN = float("nan")
LABELS = {"mean_abs": "mean |I|", "rms_corrected": "rms I corrected", "J_mean_abs": "J, mean-abs"}


def shown(renderable, width=80, encoding="utf-8", colour=False):
    """What a console prints, without styles."""
    console = Console(file=StringIO(), width=width, color_system="truecolor" if colour else None, force_terminal=colour)
    options = console.options.update(width=width)
    options.encoding = encoding
    lines = console.render_lines(renderable, options, pad=False)
    return "\n".join("".join(segment.text for segment in line).rstrip() for line in lines) + "\n"


def side(name="reference", **changes):
    return replace(
        Side(
            path=f"reports/{name}.h5",
            checkpoint=f"{name}.safetensors",
            digest=("0123456789abcdef" if name == "reference" else "fedcba9876543210") * 4,
            arch="timm:resnet18",
            created="2025-11-21T10:00:00Z" if name == "reference" else "2025-11-22T10:00:00Z",
            accuracy=0.94 if name == "reference" else 0.92,
        ),
        **changes,
    )


def difference(
    order=3,
    reference=0.412,
    change=0.0507,
    low=0.0334,
    high=0.0682,
    word="rose",
    *,
    metric="multi-order",
    quantity="mean_abs",
    unit="log-odds",
    confidence=0.95,
    share=True,
    **changes,
):
    """One place; ``order=None`` for a single number."""
    made = Difference(
        metric=metric,
        quantity=quantity,
        label=LABELS.get(quantity, ""),
        dims=() if order is None else ("order",),
        at=() if order is None else (order,),
        unit=unit,
        reference=reference,
        candidate=reference + change,
        difference=change,
        low=low,
        high=high,
        confidence=confidence,
        t_low=low * 1.01,
        t_high=high * 1.01,
        standard_error=(high - low) / 3.92,
        bias=0.0,
        change=word,
        relative=change / reference if share else None,
        relative_low=low / reference if share else None,
        relative_high=high / reference if share else None,
    )
    return replace(made, **changes)


def orders(n=13, quantity="mean_abs", confidence=0.95, metric="multi-order", unit="log-odds"):
    """A curve over ``n`` orders: orders 2 to 4 rose, order 2 by little, the last fell, order 1 is identical."""
    places = []
    for order in range(n):
        base = max(0.5 - 0.02 * order, 0.1)
        at = {"metric": metric, "quantity": quantity, "unit": unit, "confidence": confidence}
        if order == 1:
            places.append(difference(order, base, 0.0, 0.0, 0.0, "identical", **at))
        elif order in (3, 4):
            up = 0.05 + 0.01 * (order == 3)
            places.append(difference(order, base, up, up - 0.021, up + 0.024, "rose", bias=0.002, **at))
        elif order == 2:
            places.append(difference(order, base, 0.011, 0.0004, 0.0221, "rose", bias=0.001, **at))
        elif order == n - 1:
            places.append(difference(order, base, -0.031, -0.052, -0.011, "fell", **at))
        else:
            places.append(difference(order, base, 0.004, -0.005, 0.0125, "no change shown", **at))
    return tuple(places)


def comparison(**changes):
    made = Comparison(
        reference=side(),
        candidate=side("candidate"),
        pairing=Pairing("both-correct", 46, lost_by_reference=1, lost_by_candidate=2, lost_by_both=1),
        differences=(
            *orders(),
            *orders(quantity="rms_corrected"),
            *orders(7, "J_mean_abs", metric="bottleneck", unit="1"),
            difference(None, 2.31, 0.12, -0.03, 0.27, "no change shown", metric="strength", quantity="strength_rms"),
            difference(
                None, 0.94, -0.02, -0.058, 0.018, "no change shown", metric="accuracy", quantity="accuracy", unit="1"
            ),
        ),
        headline=(("multi-order", "mean_abs"), ("bottleneck", "J_mean_abs"), ("accuracy", "accuracy")),
        left_out=("bottleneck: theory (no mean over samples)",),
        spoken=(
            Spoken(
                "bottleneck",
                ("Middle orders are weaker than both ends: the bottleneck is deeper than chance.",),
                ("The bottleneck is not distinguishable from chance.",),
            ),
        ),
        remarks=("The reference was measured on cuda, the candidate on cpu.",),
        seed=0,
        resamples=10_000,
    )
    return replace(made, **changes)


def decision(word="FAIL", of=None, margin=0.05, *, relative=True, p=None, needed=None, detectable=None, noise=None):
    p = {"FAIL": 0.00021, "PASS": 0.98, "INCONCLUSIVE": 0.31}[word] if p is None else p
    held = difference(confidence=0.9) if of is None else of
    return Decision(held, word, margin, relative, p, min(13 * p, 1.0), needed, detectable, noise)


def rule(word="PASS", decisions=None, **changes):
    sentences = {
        "PASS": "mean_abs did not rise by 5 % at any of 13 orders; nearest, order 3: +0.8 [-1.0, +2.5] %.",
        "FAIL": "mean_abs rose by more than 5 % at 2 of 13 orders, most at order 3: +13.6 [+8.9, +19.1] %.",
        "INCONCLUSIVE": "mean_abs may have risen by more than 5 % at 2 of 13 orders, most at order 3: "
        "+7 [+1.6, +12.7] %; 46 samples do not tell, about 130 would.",
    }
    made = RuleVerdict(
        name="multi-order mean_abs must not rise",
        metric="multi-order",
        quantity="mean_abs",
        must_not="rise",
        margin="5%",
        level="error",
        alpha=0.05,
        word=word,
        sentence=sentences[word],
        decisions=(decision(word),) if decisions is None else tuple(decisions),
    )
    return replace(made, **changes)


def curve_rule(word="FAIL", n=13, margin_of=0.05, **changes):
    """A rule of many places, of which two have the word and the others pass."""
    decisions = []
    for held in orders(n, confidence=0.9):
        order = held.at[0]
        if order in (3, 4) and word == "INCONCLUSIVE":
            held = difference(order, 0.44, 0.031, 0.007, 0.056, confidence=0.9)
        if order in (3, 4) and word != "PASS":
            decisions.append(
                decision(
                    word,
                    held,
                    margin_of,
                    needed=130 if word == "INCONCLUSIVE" and order == 3 else 71 if word == "INCONCLUSIVE" else None,
                    detectable=0.071,
                    noise=0.013,
                )
            )
        else:
            decisions.append(decision("PASS", held, margin_of))
    return rule(word, decisions, **changes)


def accuracy_rule(**changes):
    held = difference(
        None, 0.94, -0.02, -0.051, 0.011, "no change shown", metric="accuracy", quantity="accuracy", unit="1",
        confidence=0.9,
    )  # fmt: skip
    made = rule(
        "INCONCLUSIVE",
        [decision("INCONCLUSIVE", held, 0.03, relative=False, needed=214, detectable=0.052)],
        name="accuracy must not fall",
        metric="accuracy",
        quantity="accuracy",
        must_not="fall",
        margin="0.03",
        sentence="accuracy may have fallen by more than 0.03: -0.02 [-0.051, +0.011]; 46 samples do not tell, about "
        "214 would.",
    )
    return replace(made, **changes)


def strength_rule(**changes):
    held = difference(
        None, 2.31, 0.012, -0.024, 0.048, "no change shown", metric="strength", quantity="strength_rms", confidence=0.9
    )
    made = rule(
        "PASS",
        [decision("PASS", held, 0.1, relative=False)],
        name="overall strength stays",
        metric="strength",
        quantity="strength_rms",
        must_not="change",
        margin="0.1",
        sentence="strength_rms did not change by 0.1 log-odds: +0.012 [-0.024, +0.048] log-odds.",
    )
    return replace(made, **changes)


def verdict(word, code, said, held=(), **changes):
    made = {
        "word": word,
        "exit_code": code,
        "sentence": said,
        "reference": "reports/reference.h5",
        "candidate": "reports/candidate.h5",
        "rules": tuple(held),
        "comparison": comparison(),
        "policy": "interact-gate.yaml",
        "policy_digest": "ab" * 32,
    }
    return Verdict(**made | changes)


def passed(**changes):
    rules = [curve_rule("PASS", 13, 0.2, margin="20%"), strength_rule()]
    return verdict("PASS", 0, "all 2 rules hold on 46 samples.", rules, **changes)


def failed(**changes):
    said = (
        "1 of 3 rules is broken: multi-order mean_abs rose by more than 5 % at 2 of 13 orders, most at order 3: +13.6 "
        "[+8.9, +19.1] %."
    )
    return verdict("FAIL", 1, said, [strength_rule(), curve_rule("FAIL"), accuracy_rule()], **changes)


def inconclusive(**changes):
    said = "1 of 2 rules is undecided by 46 samples; 1 rule of level warn did not pass."
    rules = [strength_rule(), curve_rule("INCONCLUSIVE"), accuracy_rule(level="warn")]
    return verdict("INCONCLUSIVE", 3, said, rules, **changes)


def softened(**changes):
    said = "1 of 2 rules is undecided by 46 samples."
    rules = [strength_rule(), accuracy_rule()]
    return verdict("INCONCLUSIVE", 0, said, rules, **{"on_inconclusive": "warn"} | changes)


def warned(**changes):
    said = "the rule holds on 46 samples; 1 rule of level warn did not pass."
    return verdict("PASS", 0, said, [strength_rule(), curve_rule("FAIL", level="warn")], **changes)


def not_comparable(**changes):
    problems = (
        Problem("plan: budget", "4,000", "8,000", "Measure the candidate with --budget 4000."),
        Problem("multi-order: version", "2", "3", "Measure the reference again with this version of interact."),
    )
    said = "the reports cannot be compared: 2 fields in the way (plan: budget, multi-order: version)."
    return verdict("INCONCLUSIVE", 3, said, **{"comparison": None, "problems": problems} | changes)


def unjudged(**changes):
    """A rule that could not be judged at all: a number that is not finite."""
    problem = Problem("multi-order: mean_abs, order 3", "0.412", "NaN", "Look for samples whose values overflow.")
    broken = rule(
        "INCONCLUSIVE",
        (),
        sentence="mean_abs could not be judged: multi-order: mean_abs: order 3 (0.412 / nan).",
        problems=(problem,),
    )
    return verdict(
        "INCONCLUSIVE",
        3,
        "1 of 2 rules is impossible to judge: multi-order: mean_abs: order 3 (0.412 / nan).",
        [strength_rule(), broken],
        **changes,
    )


def every_verdict():
    """One of each shape, with its name."""
    makers = (passed, failed, inconclusive, softened, warned, not_comparable, unjudged)
    return {maker.__name__: maker() for maker in makers}


HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "\u202egnp.\u2066exe",
    "[/red][bold]x",
    "]]></failure><evil/>",
    "<script>alert(1)</script>",
    "a|b|c",
    "``` `x` ```",
    "one\ntwo\r\nthree",
    "::error::pwned",
    "  ::set-output name=x::y",
    "\n::add-mask::***",
    "##[error]pwned",
    "##vso[task.setvariable variable=x]y",
    "%0A::error::pwned",
    "nul\x00\x01\ufffe\udcff",
    "@octocat see #1 and https://evil.example www.evil.example",
    "[click](javascript:alert(1)) ![x](http://evil.example/x.png)",
    "*bold* _it_ ~~gone~~ $x$ &amp; \\",
    "- item",
    "1. item",
    "# heading",
    "x" * 1_000_000,
)
"""Names that attack a terminal, a runner, Markdown, HTML or XML."""


def hostile_verdict(name, word="FAIL"):
    """A verdict in which every foreign string is ``name``."""
    held = difference(metric=name, quantity=name, unit=name, confidence=0.9, dims=(name,), at=(name,))
    problem = Problem(name, name, name, name)
    rules = [
        RuleVerdict(
            name, name, name, "rise", name, "error", 0.05, one, name,
            (Decision(held, one, 0.05, relative, 0.5, 0.5, 99 if one == "INCONCLUSIVE" else None, 0.1, 0.01),),
            (name,), (problem,) if one == "INCONCLUSIVE" else (),
        )
        for one in ("FAIL", "INCONCLUSIVE", "PASS") for relative in (True, False)
    ]  # fmt: skip
    return Verdict(
        word, {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 3}[word], name, name, name, tuple(rules),
        hostile_comparison(name), (problem,), name, name,
    )  # fmt: skip


def hostile_comparison(name):
    """A comparison in which every foreign string is ``name``."""
    which = Side(name, name, name, name, name, 0.5)
    held = (
        difference(metric=name, quantity=name, unit=name, dims=(name,), at=(name,)),
        difference(metric=name, quantity=name, unit=name, dims=(name,), at=(f"{name}2",)),
        difference(None, metric=name, quantity=f"{name}3", unit=name),
    )
    return Comparison(
        which, which, Pairing("all", 30), held, ((name, name), (name, f"{name}3")), (name,),
        (Spoken(name, (name,), (name, name)),), (name,),
    )  # fmt: skip
