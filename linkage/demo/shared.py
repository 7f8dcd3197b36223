"""The demo with agreements: each of the six agencies and two groups becomes an audience that sees what was agreed."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from linkage.config.project import default_configs

if TYPE_CHECKING:
    from pathlib import Path

AGREEMENTS = "agreements.toml"
_FIRST, _BEHIND = "# Who gets a release.", "# --- DEA:"
_PURPOSE = "default_purpose ="


def share_out(directory: Path) -> None:
    """Put agreements beside the demo's project file, and let that name them and an audience for each agency and group."""
    configs = default_configs() / "demo"
    path = directory / "project.toml"
    text = path.read_text(encoding="utf-8")
    start, end = text.index(_FIRST), text.index(_BEHIND)
    audiences = (configs / "audiences.toml").read_text(encoding="utf-8")
    head = text[:start].replace(_PURPOSE, f'agreements = "{AGREEMENTS}"           # who sees what\n{_PURPOSE}')
    path.write_text(f"{head}{audiences}{text[end:]}", encoding="utf-8")
    shutil.copyfile(configs / AGREEMENTS, directory / AGREEMENTS)
