"""How a dataset is read: files, delivery, key, and the roles whose columns become entity records."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from linkage.config.base import Column, Name, OneOrMore, Settings

EntityType = Literal["person", "business", "account"]
DateOrder = Literal["auto", "ymd", "mdy", "dmy"]

_LISTS = {
    "person": {"name", "other_name", "identifier", "phone", "email"},
    "business": {"name", "other_name", "registration", "identifier", "phone", "email"},
    "account": {"holder"},
}


class CsvReading(Settings):
    """How the bytes of a CSV file are read."""

    # Not stripped: a tab is a delimiter.
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1, strip_whitespace=False)] = ","
    quote: Annotated[str, Field(max_length=1)] = '"'
    encoding: str = "utf-8"
    compression: Literal["auto", "none", "gzip", "zstd"] = "auto"


class PostgresqlReading(Settings):
    """Which table is read, and the environment variable that holds the address of its database."""

    url_env: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]
    table: Annotated[str, StringConstraints(pattern=r"^[\w$ -]{1,63}\.[\w$ -]{1,63}$")]


class Condition(Settings):
    """A test on one column of a source row; never SQL."""

    column: Column
    equals: str | None = None
    in_: tuple[str, ...] | None = Field(default=None, alias="in")
    present: bool | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Condition:
        told = [self.equals is not None, self.in_ is not None, self.present is not None]
        if sum(told) != 1:
            message = "a condition takes exactly one of 'equals', 'in' and 'present'"
            raise ValueError(message)
        return self


def _as_field(value: Any) -> Any:
    if isinstance(value, str):
        return {"columns": (value,)}
    if isinstance(value, list | tuple):
        return {"columns": tuple(value)}
    if isinstance(value, dict) and "column" in value and "columns" not in value:
        rest = {key: entry for key, entry in value.items() if key != "column"}
        return {**rest, "columns": (value["column"],)}
    return value


class FieldMapping(Settings):
    """The column or columns that fill one input attribute.

    Several columns make a list where the attribute is one (phones, names); elsewhere, or with `join`, their texts are
    joined. `split` cuts one column into a list. `order` is the order of day, month and year in a date. `country`
    is the issuing or dialling country of an identifier or phone.
    """

    columns: Annotated[tuple[Column, ...], Field(min_length=1)]
    # Not stripped: a space joins words.
    join: Annotated[str, StringConstraints(max_length=10, strip_whitespace=False)] | None = None
    split: Annotated[str, StringConstraints(min_length=1, max_length=10, strip_whitespace=False)] | None = None
    order: DateOrder = "auto"
    issuer: Column | None = None


Mapped = Annotated[FieldMapping, BeforeValidator(_as_field)]


class Role(Settings):
    """One entity record that a source row holds: its type, when it is there, and which columns describe it."""

    entity: EntityType
    when: Condition | None = None
    country: Annotated[str, Field(min_length=2, max_length=2)] = "us"
    fields: Annotated[dict[str, Mapped], Field(min_length=1)]

    @model_validator(mode="after")
    def _known_fields(self) -> Role:
        # Imported here: the list of attributes belongs to the standardiser and is needed only at validation.
        from linkage.standardise import MAPPED

        allowed = sorted({column.name for column in MAPPED[self.entity]})
        for name in self.fields:
            if name not in allowed:
                message = f"{self.entity} has no field {name!r}; its fields are: {', '.join(allowed)}"
                raise ValueError(message)
        return self


class Relation(Settings):
    """A relation between two roles of one source row, such as the holder of an account."""

    kind: Name
    from_: Name = Field(alias="from")
    to: Name


class Case(Settings):
    """Columns that tell the investigation a record belongs to.

    `open` lists the values of the status that mean an open case, whatever their letters' case; without it every status is
    open but the usual words for closed ones (`CLOSED` of `linkage/stages/standardise.py`).
    """

    number: Column
    status: Column | None = None
    contact: Column | None = None
    open: tuple[str, ...] | None = None

    def columns(self) -> set[str]:
        """Return the columns that are named."""
        return {column for column in (self.number, self.status, self.contact) if column}


class Marking(Settings):
    """Columns that tell how a record must be handled: categories, the most that others may see, what it may link with, whether it trains.

    A share level, link use or train use that is not known counts as the strictest.
    """

    handling: Column | None = None
    share: Column | None = None
    link_use: Column | None = None
    train_use: Column | None = None


def _as_seen(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


class Seen(Settings):
    """The column with the date on which the submitting agency recorded the row."""

    column: Column
    order: DateOrder = "auto"


class Source(Settings):
    """One dataset of one agency.

    `unique` says that the dataset holds each entity once: "strict" never joins two of its records (unless a steward
    does), "likely" counts against it. Without it nothing is said: most sources hold duplicates. A record older than
    `retention_years` that was not validated again goes with `linkage purge --expired`.
    """

    agency: Annotated[str, Field(min_length=1, max_length=60)]
    files: OneOrMore = ()
    format: Literal["csv", "parquet", "jsonl", "excel", "sqlite", "postgresql"] = "csv"
    table: Column | None = None
    sheet: Annotated[str, Field(min_length=1, max_length=31)] | None = None
    delivery: Literal["snapshot", "delta"]
    key: OneOrMore
    unique: Literal["strict", "likely"] | None = None
    version: Column | None = None
    deleted: Condition | None = None
    seen: Annotated[Seen, BeforeValidator(_as_seen)] | None = None
    csv: CsvReading = CsvReading()
    postgresql: PostgresqlReading | None = None
    roles: Annotated[dict[Name, Role], Field(min_length=1)]
    relations: tuple[Relation, ...] = ()
    case: Case | None = None
    marking: Marking | None = None
    retention_years: Annotated[int, Field(ge=1, le=100)] = 5
    max_withdrawn: Annotated[float, Field(ge=0, le=1)] = 0.5

    @model_validator(mode="after")
    def _consistent(self) -> Source:
        for name, wanted in (("table", "sqlite"), ("sheet", "excel")):
            if getattr(self, name) is not None and self.format != wanted:
                message = f"'{name}' is for format = \"{wanted}\""
                raise ValueError(message)
        if (self.format == "postgresql") != (self.postgresql is not None):
            message = "format = \"postgresql\" and a section 'postgresql' (url_env, table) go together"
            raise ValueError(message)
        if bool(self.files) == (self.postgresql is not None):
            message = "name 'files', or a table in a section 'postgresql'; one of the two"
            raise ValueError(message)
        if self.deleted is not None and self.delivery != "delta":
            message = "'deleted' is for delivery = \"delta\"; in a snapshot what is absent is withdrawn"
            raise ValueError(message)
        for relation in self.relations:
            for end in (relation.from_, relation.to):
                if end not in self.roles:
                    message = f"relation {relation.kind!r} names role {end!r}; this source has: {', '.join(self.roles)}"
                    raise ValueError(message)
        return self

    def columns_used(self) -> set[str]:
        """Return every column that the settings name."""
        used = set(self.key)
        used |= {self.version} if self.version else set()
        used |= {self.deleted.column} if self.deleted else set()
        used |= {self.seen.column} if self.seen else set()
        used |= self.case.columns() if self.case else set()
        used |= {column for column in self.marking.model_dump().values() if column} if self.marking else set()
        for role in self.roles.values():
            used |= {role.when.column} if role.when else set()
            for mapping in role.fields.values():
                used |= set(mapping.columns) | ({mapping.issuer} if mapping.issuer else set())
        return used
