"""Rejects go back: the refused rows of a dataset as a file in the form in which they came, to be mended and sent again."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from linkage.config.project import CENTRE
from linkage.errors import DataError, RequestError
from linkage.sharing.audit import refused

if TYPE_CHECKING:
    from pathlib import Path

    from linkage.config.source import CsvReading
    from linkage.engine.duckdb import Engine
    from linkage.project import Project

_BATCH = 10_000
REASONS = ".reasons"


def write_rejects(
    project: Project,
    dataset: str,
    path: Path,
    *,
    delivery: int | None = None,
    audience: str = CENTRE,
    purpose: str | None = None,
) -> dict[str, Any]:
    """Write the rejected rows of a delivery (the last by default) to `path`, and why to `path` + `.reasons` (CSV; a name that no pattern for deliveries matches).

    The rows have the header, delimiter, quotes and encoding of the source; JSON lines come back as they were. Returns
    dataset, delivery, rows, and how many were refused before with the same text. Only rows that the audience's release
    holds are written. Raises RequestError where there are none, or their files have different headers; DataError where
    a file cannot be written.
    """
    source = project.loaded.settings.sources.get(dataset)
    if source is None:
        known = ", ".join(sorted(project.loaded.settings.sources))
        message = f"there is no dataset {dataset!r}; the project has: {known}"
        raise refused(project.loaded, RequestError(message), "rejects", audience)
    project.release_path(audience)
    with project.release(audience) as engine:
        values = {"dataset": dataset, "delivery": delivery}
        values["delivery"] = engine.value(
            "SELECT max(delivery) FROM published.rejected_record WHERE dataset = $dataset AND delivery = coalesce($delivery, delivery)",
            values,
        )
        if values["delivery"] is None:
            which = "" if delivery is None else f" of delivery {delivery}"
            message = f"the release of {audience!r} holds no rejected rows{which} of dataset {dataset!r}"
            raise RequestError(message)
        headers = engine.rows(f"SELECT DISTINCT header {_OF_DELIVERY} ORDER BY ALL", values)
        if len(headers) > 1:
            message = f"the rejected rows of {dataset!r} come from files with different headers; export rejected_record and divide it by file"
            raise RequestError(message)
        project.look("rejects", [f"{dataset}/{values['delivery']}"], audience=audience, purpose=purpose)
        header = _line(headers[0][0], source.csv) if headers[0][0] else None
        rows = _write(engine, values, path, header, source.csv.encoding)
        again = engine.value(f"SELECT count(*) {_OF_DELIVERY} AND first_delivery < delivery", values)
    return {"dataset": dataset, "delivery": values["delivery"], "rows": rows, "again": int(again)}


_OF_DELIVERY = "FROM published.rejected_record WHERE dataset = $dataset AND delivery = $delivery"


def _line(fields: list[str], reading: CsvReading) -> str:
    out = io.StringIO()
    style: dict[str, Any] = {"quotechar": reading.quote} if reading.quote else {"quoting": csv.QUOTE_NONE}
    csv.writer(out, delimiter=reading.delimiter, lineterminator="", **style).writerow(fields)
    return out.getvalue()


def _write(engine: Engine, values: dict[str, Any], path: Path, header: str | None, encoding: str) -> int:
    """Write rows and reasons beside each other, both whole or not at all."""
    reasons = path.with_name(path.name + REASONS)
    drafts = [target.with_name(f".{target.name}.part") for target in (path, reasons)]
    first = 1 if header is None else 2
    try:
        with (
            drafts[0].open("w", encoding=encoding, newline="") as rows,
            drafts[1].open("w", encoding="utf-8", newline="") as why,
        ):
            told = csv.writer(why, lineterminator="\n")
            told.writerow(("row", "reason", "file", "line", "first_delivery"))
            if header is not None:
                rows.write(header + "\n")
            found = engine.connection.execute(
                f"SELECT raw, reason, file, line, first_delivery {_OF_DELIVERY} ORDER BY file, line, reason", values
            )
            number = 0
            while batch := found.fetchmany(_BATCH):
                rows.writelines(f"{row[0]}\n" for row in batch)
                told.writerows((first + number + place, *row[1:]) for place, row in enumerate(batch))
                number += len(batch)
        for draft, target in zip(drafts, (path, reasons), strict=True):
            draft.replace(target)
    except (OSError, UnicodeError, LookupError) as error:
        message = f"{path}: cannot be written ({error}); name a file in a folder that exists"
        raise DataError(message) from error
    finally:
        for draft in drafts:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
    return number
