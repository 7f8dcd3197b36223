"""Pages of plain data, and of the worst values that a record may hold."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from linkage.pages.contracts import (
    Block,
    Check,
    Common,
    Counts,
    Delivered,
    Example,
    JudgedPairs,
    Large,
    LevelWeight,
    Measured,
    Placed,
    Reject,
    Reliable,
    Report,
    Resolved,
    Rule,
    Scored,
    Stage,
    Step,
    Trained,
    TypeCheck,
    Waterfall,
)

HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</svg></title></style></table><h1>owned",
    "&lt;b&gt; &#60;i&#62;",
    "a\u202eb\u2066c\u200fd\u200b",
    "\x00\x1b[31m\x07\x9b",
    "\ud800 lone",
    "W" * 5000,
    "漢字" * 100,
    "محمد بن سلمان",
    "javascript:alert(1)",
    "{{ 7 * 7 }} {% raw %} ${x}",
)


@pytest.fixture(params=HOSTILE, ids=range(len(HOSTILE)))
def hostile(request):
    """One value that must stay text."""
    return request.param


@pytest.fixture
def waterfall():
    """A waterfall whose every text is the given one."""

    def make(text="plain", *, bits=(-10.0, 9.5, -1.25, 14.0), match=5.0, review=1.0):
        steps = tuple(Step(f"{text} {place}", text, bit, text, text, text, text) for place, bit in enumerate(bits))
        return Waterfall(
            f"a/{text}",
            f"b/{text}",
            "person",
            steps,
            ((text, text),),
            sum(bits),
            0.999,
            match,
            review,
            same_identity=True,
            audience=text,
            purpose=text,
            run=1,
            model=text,
        )

    return make


@pytest.fixture
def check():
    """A check whose every text is the given one, with as many datasets as asked."""

    def make(text="plain", datasets=8):
        columns = ("name", text)
        kind = TypeCheck(
            "person",
            1000,
            3,
            tuple(f"{text} {number}" for number in range(datasets)),
            columns,
            tuple(tuple((number * place) / datasets for number in range(datasets)) for place in range(2)),
            ((text, 10), ("other", 0)),
            30,
            (Block(text, 25, text),),
        )
        delivered = (Delivered(text, 10, (("accepted", 6), ("rejected", 3), ("no_entity", 1))),)
        return Check(text, delivered, (Reject(text, text, 3),), (kind,))

    return make


@pytest.fixture
def report():
    """A run report whose every text is the given one."""

    def make(text="plain"):
        return Report(
            text,
            1,
            text,
            text,
            12.5,
            text,
            (text,),
            ((text, 1),),
            (Stage("ingest", 0.01, 1e8), Stage(text, 12.4, 2e9, 11.5)),
            (11.7, 3_000_000, 2_500_000, text),
            (Delivered(text, 10, (("accepted", 7), ("rejected", 3))),),
            (Reject(text, text, 3),),
            (Scored("person", 7, 1, 9, 4, text),),
            (Counts(text, "person", 7, 4, 3, 3, 0, 0),),
            (Large(text, "person", text, 3, 2, 2),),
            text,
        )

    return make


def candidate_page(text="plain"):
    """A candidate's page whose every text is the given one."""
    levels = (
        LevelWeight(text, text, text, 0.5, 0.25, 1.0, 0.75),
        LevelWeight(text, text, text, 0.1, 0.4, -2.0, -1.5),
        LevelWeight(text, text, text, 0.5, 0.5, 0.0, None),
        LevelWeight(text, text, text, 0.5, 0.5, 0.0, 0.001),
    )
    bands = (Reliable(None, -2, 1, 0.1, 0.0), Reliable(0, 2, 1, 0.6, 0.5), Reliable(10, None, 9, 0.999, 1.0))
    one = Measured(3.0, 9, 1, 0, 1, (("recall", 0.9, 0.7, 0.99),), bands)
    return Trained(
        *(text, text, f"{text} before", 3, 1000, 50, 0.01, text, (text,), levels, ((text, text, text),)),
        judged=JudgedPairs(11, 0, 5, 0, one, one),
        resolved=(Resolved(text, 9, 8, 1, 0, 2),),
        examples=(Example("merged", text, text, 4, (Placed(text, text, text, text),), 3),),
        rarity=(Common(text, 50, 9, ((text, 12, 0.24),)),),
        rules=(Rule(text, (1, 2, 3), None), Rule(f"{text} too", None, (4, 5, 6))),
        purpose=text,
    )


@pytest.fixture(scope="session")
def chromium():
    """Headless Chromium: run it with arguments, get its standard output."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("chromium is not on PATH: pages are not looked at; install it (apt-get install chromium)")

    def run(*arguments, home):
        always = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")
        done = subprocess.run(
            [program, *always, f"--user-data-dir={home}", *arguments], capture_output=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
        return done.stdout.decode("utf-8", errors="replace"), done.stderr.decode(errors="replace")

    return run
