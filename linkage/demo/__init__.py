"""Demo data with exact truth: `generate` writes the files of six agencies, the truth and the ceiling."""

from __future__ import annotations

from linkage.demo.generator import DemoSummary, generate
from linkage.demo.rates import DemoRates

__all__ = ["DemoRates", "DemoSummary", "generate"]
