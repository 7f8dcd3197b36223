"""Agreements: which agency contributes which datasets, who may see their records, how, for what, and how long.

An agreements file is TOML with `version`, `[agencies.NAME]`, `[groups]`, `[datasets.NAME]` and `[agreements.NAME]`; the
project names one or more such files. What a file says is checked here, so that one that contradicts itself is refused
before any work.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from linkage.config.base import Name, OneOrMore, Settings, read_toml, validate
from linkage.errors import ConfigError, SharingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from linkage.config.source import Source

Level = Literal["full", "pointer", "hidden"]
LEVELS: tuple[Level, ...] = ("hidden", "pointer", "full")
"""Levels of sharing, the least first."""
Party = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Category = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9/_-]*$", max_length=40)]
ALL = "all"


class Agency(Settings):
    """Whom to call about a record of the agency that a reader may not see: a desk, not a person."""

    contact: Annotated[str, Field(min_length=1, max_length=200)]


class Terms(Settings):
    """What the owner of a dataset allows to be made of it, whoever sees it.

    `link_use`: its records may link with any, only inside their `compartment` (the dataset's own name unless named), or never.
    `train_use`: whether they may train models and be counted in frequencies and stop keys, or by "aggregates" only: then a value
    that no other owner's record holds is counted where at least ten records hold it; `train_handling` are the handling
    categories of those that may: a record with another does not.
    """

    link_use: Literal["any", "compartment", "never"] = "any"
    compartment: Name | None = None
    train_use: bool | Literal["aggregates"] = True
    train_handling: Literal["all"] | tuple[Category, ...] = "all"

    @model_validator(mode="after")
    def _consistent(self) -> Terms:
        if self.compartment is not None and self.link_use != "compartment":
            message = f"'compartment' goes with link_use = \"compartment\", not with {self.link_use!r}"
            raise ValueError(message)
        return self


class Share(Settings):
    """One line of an agreement: with whom, at which level, which datasets of it, and which handling categories.

    `members` also shares with each agency of the named groups. Records with a handling category that is not named are
    not shared by this line.
    """

    with_: OneOrMore = Field(alias="with")
    level: Level
    members: bool = False
    datasets: tuple[Name, ...] | None = None
    handling: Literal["all"] | tuple[Category, ...] = ()


class Agreement(Settings):
    """What its parties have agreed: from and until are days, the last one included; without `purposes` any is allowed."""

    parties: Annotated[tuple[Party, ...], Field(min_length=1)]
    datasets: Annotated[tuple[Name, ...], Field(min_length=1)]
    shares: Annotated[tuple[Share, ...], Field(min_length=1)]
    purposes: tuple[Party, ...] = ()
    from_: date = Field(alias="from")
    until: date | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Agreement:
        if self.until is not None and self.until < self.from_:
            message = f"'until' ({self.until}) is before 'from' ({self.from_}); turn them"
            raise ValueError(message)
        seen: dict[tuple[str, str, tuple[str, ...]], Level] = {}
        for share in self.shares:
            strange = sorted(set(share.datasets or ()) - set(self.datasets))
            if strange:
                message = f"a share names dataset {strange[0]!r}, which this agreement does not contribute; it has: {', '.join(self.datasets)}"
                raise ValueError(message)
            for party in share.with_:
                if party not in self.parties:
                    message = (
                        f"it is shared with {party!r}, which is no party; the parties are: {', '.join(self.parties)}"
                    )
                    raise ValueError(message)
                self._once(seen, share, party)
        return self

    def _once(self, seen: dict[tuple[str, str, tuple[str, ...]], Level], share: Share, party: str) -> None:
        """Refuse two levels for one recipient, dataset and handling: which of them was meant cannot be told."""
        handling = (ALL,) if share.handling == ALL else tuple(sorted(set(share.handling)))
        for dataset in share.datasets or self.datasets:
            other = seen.setdefault((party, dataset, handling), share.level)
            if other != share.level:
                message = f"it contradicts itself: {dataset!r} is shared with {party!r} as both {other!r} and {share.level!r}; keep one"
                raise ValueError(message)

    def in_force(self, day: date) -> bool:
        """Whether the agreement holds on a day."""
        return self.from_ <= day and (self.until is None or day <= self.until)


class AgreementsFile(Settings):
    """One agreements file."""

    version: Literal[1]
    agencies: Annotated[dict[Party, Agency], Field(default_factory=dict)]
    groups: Annotated[dict[Party, tuple[Party, ...]], Field(default_factory=dict)]
    datasets: Annotated[dict[Name, Terms], Field(default_factory=dict)]
    agreements: Annotated[dict[Name, Agreement], Field(default_factory=dict)]


class Agreements(Settings):
    """All agreements files of a project together."""

    agencies: Annotated[dict[str, Agency], Field(default_factory=dict)]
    groups: Annotated[dict[str, tuple[str, ...]], Field(default_factory=dict)]
    datasets: Annotated[dict[str, Terms], Field(default_factory=dict)]
    agreements: Annotated[dict[str, Agreement], Field(default_factory=dict)]

    def terms(self, dataset: str) -> Terms:
        """Return what the owner of a dataset allows to be made of it."""
        return self.datasets.get(dataset, Terms())


def load_agreements(paths: Iterable[Path], sources: Mapping[str, Source]) -> Agreements:
    """Read agreements files and check them against the project's sources.

    Raises SharingError, naming file and key, for an unknown agency or dataset, for what is said twice, and for an
    agreement that contradicts itself.
    """
    merged: dict[str, dict[str, object]] = {"agencies": {}, "groups": {}, "datasets": {}, "agreements": {}}
    said: dict[tuple[str, str], Path] = {}
    for path in paths:
        try:
            content = validate(AgreementsFile, read_toml(path), path)
        except ConfigError as error:
            raise SharingError(str(error)) from error
        for section, entries in merged.items():
            for name, entry in getattr(content, section).items():
                if (section, name) in said:
                    message = f"{path}: {section}.{name}: {said[section, name]} says this too; say it once"
                    raise SharingError(message)
                said[section, name] = path
                entries[name] = entry
    found = Agreements.model_construct(**merged)  # type: ignore[arg-type]
    _check(found, said, sources)
    return found


def _check(found: Agreements, said: Mapping[tuple[str, str], Path], sources: Mapping[str, Source]) -> None:
    owners = {name: source.agency for name, source in sources.items()}
    known = set(owners.values()) | set(found.agencies)

    def refuse(section: str, name: str, told: str) -> None:
        message = f"{said[section, name]}: {section}.{name}: {told}"
        raise SharingError(message)

    for name, members in found.groups.items():
        if name in known:
            refuse("groups", name, "an agency has this name; give the group another")
        for member in sorted(set(members) - known):
            refuse("groups", name, f"unknown agency {member!r}; {_near(known)}")
    for name in found.datasets:
        if name not in owners:
            refuse("datasets", name, f"unknown dataset; the sources are: {', '.join(sorted(owners))}")
    for name, agreement in found.agreements.items():
        _check_parties(found, name, agreement, owners, refuse)
        _check_pointers(found, name, agreement, owners, refuse)


def _check_parties(
    found: Agreements,
    name: str,
    agreement: Agreement,
    owners: Mapping[str, str],
    refuse: Callable[[str, str, str], None],
) -> None:
    known = set(owners.values()) | set(found.agencies) | set(found.groups)
    for party in sorted(set(agreement.parties) - known):
        refuse("agreements", name, f"unknown agency or group {party!r}; {_near(known)}")
    for dataset in agreement.datasets:
        if dataset not in owners:
            refuse("agreements", name, f"unknown dataset {dataset!r}; the sources are: {', '.join(sorted(owners))}")
        if owners[dataset] not in agreement.parties:
            refuse(
                "agreements", name, f"{owners[dataset]!r} contributes {dataset!r} and is no party; add it to parties"
            )


def _check_pointers(
    found: Agreements,
    name: str,
    agreement: Agreement,
    owners: Mapping[str, str],
    refuse: Callable[[str, str, str], None],
) -> None:
    """A pointer says whom to call, so the owner must have said it."""
    for share in agreement.shares:
        for dataset in share.datasets or agreement.datasets:
            if share.level == "pointer" and owners[dataset] not in found.agencies:
                refuse(
                    "agreements",
                    name,
                    f"{dataset!r} is shared as pointer, but nobody knows whom to call at {owners[dataset]!r}; add [agencies.{owners[dataset]}] with contact",
                )


def _near(known: Iterable[str]) -> str:
    return f"known are: {', '.join(sorted(known))}"
