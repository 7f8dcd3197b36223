"""The project file: workspace, engine limits, sources, audiences."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from linkage.config.agreements import Agreements, load_agreements
from linkage.config.base import Name, OneOrMore, Settings, read_toml, validate
from linkage.config.entity import RESOLVED, Entity, OwnThresholds, load_entities
from linkage.config.source import EntityType, Source
from linkage.errors import ConfigError, SharingError

CENTRE = "centre"
Size = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)?\s?(MB|GB|TB|MiB|GiB|TiB)$")]


class EngineLimits(Settings):
    """What the machine may be used for."""

    memory_limit: Size = "4GB"
    threads: Annotated[int, Field(ge=1, le=256)] = 2
    temp_directory: str | None = None

    @property
    def memory_bytes(self) -> float:
        """The memory limit in bytes."""
        number = self.memory_limit.rstrip("MGTiB ")
        unit = self.memory_limit[len(number) :].strip()
        power = "MGT".index(unit[0]) + 2
        return float(number) * float((1024 if "i" in unit else 1000) ** power)


class Approval(Settings):
    """The project's rule for models: whether the first model of a type is approved without a steward."""

    first_model: Literal["auto", "manual"] = "auto"


class Audits(Settings):
    """Limits of a release: one beyond them is not published before a steward accepts it.

    `largest_identity` counts records; `churn` is the share of the last release's records that may move to another
    identity, `growth` that by which records may grow. Shares are looked at from `least_records` such records on.
    """

    largest_identity: Annotated[int, Field(ge=2)] = 1000
    churn: Annotated[float, Field(ge=0, le=1)] = 0.2
    growth: Annotated[float, Field(ge=0)] = 1.0
    least_records: Annotated[int, Field(ge=0)] = 1000


class Fusion(Settings):
    """What relations, overlaps and leads go by, counted in each audience's own view.

    `shared_by`: a phone, address, account or device that more identities hold is generic and ties nobody. `shell`: from so many
    businesses on an address is one of shells; `new_days`: a business is new for so many days before the latest record.
    """

    shared_by: Annotated[int, Field(ge=2, le=100)] = 10
    shell: Annotated[int, Field(ge=2)] = 3
    new_days: Annotated[int, Field(ge=1)] = 365


class PublishTo(Settings):
    """A folder outside the workspace that gets an audience's last release, with the mode and group of its files."""

    folder: Annotated[str, Field(min_length=1)]
    # The owner writes, nobody else: a release is never changed.
    mode: Annotated[str, StringConstraints(pattern=r"^0?6[04][04]$")] = "0640"
    group: str | None = None


class Audience(Settings):
    """Who gets releases of its own, computed over only the datasets that it may see in full.

    `agency` is the submitting agency that the audience is, which gets its own rejected rows back. `publish_to` is where
    its releases are handed out. Where the project has agreements they say what the audience sees, the agency or the named
    `group`; `purposes` are those for which its release may be looked at.
    """

    sees: Literal["all"] | tuple[Name, ...] = "all"
    hidden: tuple[Name, ...] = ()
    agency: str | None = None
    group: str | None = None
    purposes: tuple[Annotated[str, Field(min_length=1, max_length=60)], ...] = ()
    publish_to: PublishTo | None = None


class Project(Settings):
    """One project: where the data come from, where the results go, and for whom."""

    version: Literal[1]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    workspace: str
    default_purpose: str | None = None
    entities: str | None = None
    placeholders: str | None = None
    agreements: OneOrMore = ()
    audit_anchor: str | None = None
    engine: EngineLimits = EngineLimits()
    approval: Approval = Approval()
    audits: Audits = Audits()
    fusion: Fusion = Fusion()
    thresholds: Annotated[dict[EntityType, OwnThresholds], Field(default_factory=dict)]
    audiences: Annotated[dict[Name, Audience], Field(min_length=1, default_factory=lambda: {CENTRE: Audience()})]
    sources: Annotated[dict[Name, Source], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Project:
        if CENTRE not in self.audiences:
            message = f"audience {CENTRE!r} is missing: add [audiences.{CENTRE}]"
            raise ValueError(message)
        if self.audiences[CENTRE].model_copy(update={"publish_to": None}) != Audience():
            message = f"audience {CENTRE!r} sees every dataset: remove 'sees' and 'hidden' from [audiences.{CENTRE}]"
            raise ValueError(message)
        for name, audience in self.audiences.items():
            named = set(audience.hidden) | (set() if audience.sees == "all" else set(audience.sees))
            unknown = sorted(named - set(self.sources))
            if unknown:
                message = f"audience {name!r} names dataset {unknown[0]!r}; the sources are: {', '.join(self.sources)}"
                raise ValueError(message)
            if audience.agency is not None and audience.group is not None:
                message = f"audience {name!r} is an agency or a group, not both; remove one"
                raise ValueError(message)
            self._by_agreement(name, audience)
        return self

    def _by_agreement(self, name: str, audience: Audience) -> None:
        """Two places that say what an audience sees would contradict each other some day."""
        if not self.agreements:
            if audience.group is not None:
                message = f"audience {name!r} is a group, and groups are named in agreements; add 'agreements'"
                raise ValueError(message)
            return
        if name != CENTRE and (audience.sees != "all" or audience.hidden):
            message = f"audience {name!r}: agreements say what it sees; remove 'sees' and 'hidden'"
            raise ValueError(message)
        if name != CENTRE and audience.agency is None and audience.group is None:
            message = f"audience {name!r}: agreements are with agencies and groups; say 'agency' or 'group'"
            raise ValueError(message)

    def visible(self, audience: str) -> tuple[str, ...]:
        """Return the sorted datasets that an audience may see in full by this file alone.

        Agreements and markings say more (`linkage.config.markings`): where there are agreements this is only what is its own.
        """
        settings = self.audiences[audience]
        if self.agreements and audience != CENTRE:
            return tuple(sorted(name for name, source in self.sources.items() if source.agency == settings.agency))
        seen = set(self.sources) if settings.sees == "all" else set(settings.sees)
        return tuple(sorted(seen - set(settings.hidden)))


class LoadedProject:
    """A project file with the paths and entity settings that it leads to."""

    def __init__(
        self,
        path: Path,
        settings: Project,
        entities: dict[EntityType, Entity],
        agreements: Agreements | None = None,
    ) -> None:
        self.path = path
        self.folder = path.parent
        self.settings = settings
        self.entities = entities
        self.agreements = agreements

    @property
    def workspace(self) -> Path:
        """The workspace folder."""
        return (self.folder / self.settings.workspace).resolve()

    @property
    def anchor(self) -> Path | None:
        """The file outside the workspace that gets the head of the audit at each release."""
        named = self.settings.audit_anchor
        return (self.folder / named).resolve() if named else None

    def publish_folders(self) -> dict[str, Path]:
        """Return audience → folder of its `publish_to`, for those that have one."""
        return {
            name: (self.folder / audience.publish_to.folder).resolve()
            for name, audience in self.settings.audiences.items()
            if audience.publish_to is not None
        }

    @property
    def reference(self) -> Path:
        """The folder of the standardiser's reference lists."""
        return default_configs() / "reference"

    @property
    def placeholders(self) -> Path | None:
        """The project's own list of placeholders, which is added to the shipped one."""
        named = self.settings.placeholders
        return (self.folder / named).resolve() if named else None

    def entity_types(self) -> tuple[EntityType, ...]:
        """Return the types that any role has, in the order in which they are resolved."""
        used = {role.entity for source in self.settings.sources.values() for role in source.roles.values()}
        return tuple(kind for kind in RESOLVED if kind in used)

    def temp_directory(self) -> Path:
        """The folder where work beyond the memory limit spills.

        Not in the staging that a run clears: whoever reads at the time spills there too.
        """
        named = self.settings.engine.temp_directory
        return (self.folder / named).resolve() if named else self.workspace / "spill"

    def limits(self, **instead: Any) -> dict[str, Any]:
        """Return memory limit, threads and spill folder as every connection of this project is opened with.

        `instead` replaces some of them: work on single rows wants one thread, work on a draft its own spill folder.
        """
        engine = self.settings.engine
        return {
            "memory_limit": engine.memory_limit,
            "threads": engine.threads,
            "temp_directory": self.temp_directory(),
            **instead,
        }


def default_configs() -> Path:
    """Return the folder of the default configuration: inside the wheel, or `configs/` of a checkout."""
    package = Path(__file__).resolve().parent.parent
    for candidate in (package / "configs", package.parent / "configs"):
        if (candidate / "entities").is_dir():
            return candidate
    message = f"{package}: the default configuration is missing from the installation; install linkage again"
    raise ConfigError(message)


def load_project(path: Path) -> LoadedProject:
    """Read, validate and freeze a project file and the entity settings it uses.

    Raises ConfigError, naming the file and the key, for the first thing that is wrong.
    """
    path = path / "project.toml" if path.is_dir() else path
    settings = _settings(path)
    folder = (path.parent / settings.entities) if settings.entities else default_configs() / "entities"
    entities = _with_own_thresholds(path, settings, load_entities(folder))
    project = LoadedProject(path.resolve(), settings, entities, _agreements(path, settings))
    _check_folders(project)
    return project


def _with_own_thresholds(path: Path, settings: Project, entities: dict[EntityType, Entity]) -> dict[EntityType, Entity]:
    """Put the project's own cut-offs in the place of those of its entity types."""
    found = dict(entities)
    for kind, own in settings.thresholds.items():
        thresholds = entities[kind].thresholds.model_copy(update=own.model_dump(exclude_none=True))
        if thresholds.review > thresholds.match:
            message = f"{path}: thresholds.{kind}: review = {thresholds.review:g} lies above match = {thresholds.match:g}, so no pair would be reviewed; lower review, or raise match"
            raise ConfigError(message)
        found[kind] = entities[kind].model_copy(update={"thresholds": thresholds})
    return found


def _settings(path: Path) -> Project:
    """Read a project file. What it says wrongly knows the workspace whose audit is to hear of it, where the file names one."""
    content = read_toml(path)
    try:
        return validate(Project, content, path)
    except ConfigError as error:
        named = content.get("workspace")
        error.workspace = (path.resolve().parent / named).resolve() if isinstance(named, str) else None
        raise


def _agreements(path: Path, settings: Project) -> Agreements | None:
    """Read the agreements of a project. Raises SharingError, which knows the workspace whose audit is to hear of it."""
    if not settings.agreements:
        return None
    try:
        found = load_agreements(_agreement_files(path, settings), settings.sources)
        _check_audiences(path, settings, found)
    except SharingError as error:
        error.workspace = (path.resolve().parent / settings.workspace).resolve()
        raise
    return found


def _agreement_files(path: Path, settings: Project) -> list[Path]:
    files: list[Path] = []
    for pattern in settings.agreements:
        found = sorted(path.parent.glob(pattern)) if not Path(pattern).is_absolute() else [Path(pattern)]
        if not found:
            message = f"{path}: agreements: there is no file {pattern!r}; name an existing agreements file"
            raise SharingError(message)
        files += [file for file in found if file not in files]
    return files


def _check_audiences(path: Path, settings: Project, found: Agreements) -> None:
    """Refuse an audience that is no known agency or group, or with which nothing is agreed."""
    agencies = {source.agency for source in settings.sources.values()} | set(found.agencies)
    parties = {party for agreement in found.agreements.values() for party in agreement.parties}
    for name, audience in settings.audiences.items():
        if name == CENTRE:
            continue
        who, known = (audience.agency, agencies) if audience.agency else (audience.group, set(found.groups))
        kind = "agency" if audience.agency else "group"
        if who not in known:
            message = f"{path}: audiences.{name}.{kind}: unknown {kind} {who!r}; known are: {', '.join(sorted(known)) or 'none'}"
            raise SharingError(message)
        belongs = {group for group, members in found.groups.items() if who in members}
        if not ({who} | belongs) & parties:
            message = f"{path}: audiences.{name}: there is no agreement with {who!r}; add it to the parties of one, or remove the audience"
            raise SharingError(message)


def _check_folders(project: LoadedProject) -> None:
    """Refuse a folder of `publish_to` that touches the workspace or that of another audience."""
    workspace, taken = project.workspace, dict[str, Path]()
    if project.anchor is not None and project.anchor.is_relative_to(workspace):
        message = f"{project.path}: audit_anchor: {project.anchor} lies in the workspace, with which it would be altered; name a file outside, better on another machine"
        raise ConfigError(message)
    for audience, folder in project.publish_folders().items():
        others = {"the workspace": workspace, **{f"the folder of {name}": path for name, path in taken.items()}}
        for what, other in others.items():
            if folder.is_relative_to(other) or other.is_relative_to(folder):
                message = f"{project.path}: audiences.{audience}.publish_to.folder: {folder} and {what} lie in each other; name a folder of its own"
                raise ConfigError(message)
        taken[audience] = folder
