"""`cluster`: average linkage under judgements and conflicts, as a pure function (R2, R3).

Order of precedence: non-match > match > hard conflict > weight. Same records, edges, judgements and settings
give the same partition whatever the order of rows, the orientation of pairs or the number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from linkage.clustering.components import Components, find_components
from linkage.clustering.contracts import (
    LARGEST_COMPONENT,
    Clustering,
    ClusterSettings,
    ClusterStats,
    Edges,
    Judgements,
    check_range,
)
from linkage.errors import DataError

if TYPE_CHECKING:
    from linkage.clustering.contracts import Flags, Integers
    from linkage.clustering.kernels import Packed
    from linkage.clustering.merging import Scratch


_PAIR = 2


@dataclass(frozen=True, eq=False)
class _Groups:
    """Judgements as the records feel them.

    record: int64 ascending, all judged records. root: the smallest record of each one's must-linked group.
    lost: rows of the judgements that lost. A match needs no note on its pair's hard conflict: where it is kept
    both records are in one group, where it lost a non-match holds them apart.
    """

    record: Integers
    root: Integers
    lost: Integers


@dataclass(frozen=True, eq=False)
class _Survey:
    """Components of two records and more, in ascending order of label: what decides how each is settled.

    place: int64[n], the component's number or -1. edge: int64 per edge, the same, -1 between components.
    whole: bool, all records are one cluster without a question. open: bool, to be agglomerated. assumed:
    pairs.
    """

    place: Integers
    edge: Integers
    whole: Flags
    open: Flags
    assumed: int


def cluster(
    n: int,
    edges: Edges,
    judgements: Judgements,
    settings: ClusterSettings,
    component: Integers | None = None,
) -> Clustering:
    """Return the partition of records 0..n-1.

    component: int64[n], labels from `components` on the edges that blocking found, where `edges` has since
    grown by the scored gaps; without it, components are made here from all the edges. Each match judgement
    must lie inside one component, as those labels have it.

    Inside each component: match judgements are applied as merges, heaviest pair first (a pair without an edge
    weighs `missing`), then by (a, b); one that would join records held apart by a non-match loses. Then the
    two clusters of the greatest mean weight merge, as long as it is at least `stop` and no non-match and no
    hard conflict lies between any two of their records (ties: smallest record of the pair, then of the
    other). Pairs without an edge count as `missing`. A cluster that fits two others exactly alike (means in
    whole units), which are held apart or weigh more against each other than it weighs for either, joins
    neither while nothing else decides, and its records are flagged: only their order would decide. Last, a
    record that fits the rest of its cluster and another cluster, both with a mean of at least `stop` and
    within `ambiguity` of each other, while those two are held apart without it and it is free to join
    either, becomes a singleton and is flagged; all records are judged on the same final partition, and
    must-linked records are never taken out. With `ambiguity` -1 nothing is flagged or left undecided.

    A component settles without a loop where its lightest pair is at least `stop` and nothing is held apart.
    Time for a component of k records: about k^2, at worst k^3. Memory: see `memory_bytes`.
    Raises DataError for positions outside 0..n-1, labels that are not smallest members, a match judgement
    between two given components, and a component of more than 65,536 records.
    """
    check_range(n, "edges", edges.a, edges.b)
    check_range(n, "judgements", judgements.a, judgements.b)
    found = find_components(n, edges, settings, judgements) if component is None else _given(n, component, judgements)
    groups = _apply_judgements(edges, judgements, settings)
    survey = _survey(found.label, edges, judgements, settings)
    label = np.arange(n, dtype=np.int64)
    whole = np.append(survey.whole, False)[survey.place]  # the last entry serves place -1
    label[whole] = found.label[whole]
    ambiguous = np.zeros(n, np.bool_)
    if survey.open.any():
        _cluster_open(survey, edges, judgements, groups, settings, (label, ambiguous))
    return Clustering(label, found.label, ambiguous, groups.lost, _stats(found, survey, label, ambiguous, groups))


def _given(n: int, component: Integers, judgements: Judgements) -> Components:
    """Take components from the caller, checked: labels are smallest members, matches do not leave them."""
    label = np.ascontiguousarray(component, dtype=np.int64)
    if label.shape != (n,):
        raise DataError(f"clustering: component labels have shape {label.shape}; give one for each of {n} records")
    position = np.arange(n, dtype=np.int64)
    if n and (int(label.min()) < 0 or bool((label > position).any()) or bool((label[label] != label).any())):
        raise DataError("clustering: a component label is not the smallest record of its component")
    crossing = np.flatnonzero(judgements.match & (label[judgements.a] != label[judgements.b]))
    if len(crossing):
        row = int(crossing[0])
        raise DataError(
            f"clustering: match judgement {row} joins records {int(judgements.a[row])} and "
            f"{int(judgements.b[row])} of different components; make the components with the same judgements"
        )
    largest = int(np.bincount(label, minlength=n).max(initial=0))
    return Components(label, label, 0, largest, 0)


def _apply_judgements(edges: Edges, judgements: Judgements, settings: ClusterSettings) -> _Groups:
    """Merge by match judgements, heaviest first. Components need not be asked: matches never leave them."""
    none = np.zeros(0, np.int64)
    if len(judgements) == 0:
        return _Groups(none, none, none)
    from linkage.clustering.kernels import join_matches

    record = np.unique(np.concatenate([judgements.a, judgements.b]))
    low = np.searchsorted(record, np.minimum(judgements.a, judgements.b))
    high = np.searchsorted(record, np.maximum(judgements.a, judgements.b))
    row = np.flatnonzero(judgements.match)
    pair, edge_row = _edges_of_pairs(edges, record)
    key = low[row] * len(record) + high[row]
    weight = np.full(len(row), settings.missing, np.int64)
    if len(pair):
        at = np.minimum(np.searchsorted(pair, key), len(pair) - 1)
        known = pair[at] == key
        weight[known] = edges.weight[edge_row[at[known]]]
    turn = np.lexsort((high[row], low[row], -weight))
    apart = ~judgements.match
    root, lost = join_matches(len(record), low[row[turn]], high[row[turn]], low[apart], high[apart])
    return _Groups(record, record[root], np.sort(row[turn[lost]]))


def _edges_of_pairs(edges: Edges, record: Integers) -> tuple[Integers, Integers]:
    """Return (key, edge row), ascending by key, of the edges between two of the given records (ascending).

    A pair's key is (position of the smaller in `record`) * len(record) + position of the larger.
    """
    size = int(max(edges.a.max(initial=0), edges.b.max(initial=0), record[-1])) + 1
    judged = np.zeros(size, np.bool_)
    judged[record] = True
    row = np.flatnonzero(judged[edges.a] & judged[edges.b])
    low = np.searchsorted(record, np.minimum(edges.a[row], edges.b[row]))
    high = np.searchsorted(record, np.maximum(edges.a[row], edges.b[row]))
    key = low * len(record) + high
    turn = np.argsort(key)
    return key[turn], row[turn]


def _survey(label: Integers, edges: Edges, judgements: Judgements, settings: ClusterSettings) -> _Survey:
    """Tell which components are plainly one cluster, which plainly none, and which need the loop."""
    from linkage.clustering.kernels import summarise

    n = len(label)
    size = np.bincount(label, minlength=n)
    several = np.flatnonzero(size > 1)
    place = np.full(n, -1, np.int64)
    place[several] = np.arange(len(several))
    place = place[label]
    edge = np.where(label[edges.a] == label[edges.b], place[edges.a], -1)
    low = np.full(len(several), np.iinfo(np.int64).max)
    count, held = summarise(edge, edges.weight, edges.conflict, low)
    size = size[several]
    pairs = size * (size - 1) // 2
    low[count < pairs] = np.minimum(low[count < pairs], settings.missing)
    judged = np.zeros(len(several), np.bool_)
    judged_place = place[np.concatenate([judgements.a, judgements.b])]
    judged[judged_place[judged_place >= 0]] = True
    whole = ~judged & ~held & (low >= settings.stop)
    plain_pair = ~judged & (size == _PAIR)  # two records that do not merge: nothing to agglomerate either
    return _Survey(place, edge, whole, ~whole & ~plain_pair, int((pairs - count).sum()))


def _cluster_open(
    survey: _Survey,
    edges: Edges,
    judgements: Judgements,
    groups: _Groups,
    settings: ClusterSettings,
    result: tuple[Integers, Flags],
) -> None:
    """Agglomerate the open components; write into label and ambiguous."""
    from linkage.clustering.merging import cluster_packed

    label, ambiguous = result
    member, packed = _pack(survey, edges, judgements, groups)
    room = _scratch(packed)
    own_label = np.empty(len(member), np.int64)
    own_flag = np.empty(len(member), np.bool_)
    cluster_packed(packed, settings.stop, settings.missing, settings.ambiguity, room, own_label, own_flag)
    begin = np.repeat(packed.member_start[:-1], np.diff(packed.member_start))
    label[member] = member[begin + own_label]
    ambiguous[member] = own_flag


def _pack(survey: _Survey, edges: Edges, judgements: Judgements, groups: _Groups) -> tuple[Integers, Packed]:
    """Lay the open components end to end: their records, and edges and non-matches by local position."""
    from linkage.clustering.kernels import Packed, bucket

    number = np.full(len(survey.open) + 1, -1, np.int64)  # the last entry serves place -1
    number[:-1][survey.open] = np.arange(int(survey.open.sum()))
    opened = int(survey.open.sum())
    member_start, member = bucket(number[survey.place], opened)
    local = np.full(len(survey.place), -1, np.int64)
    local[member] = np.arange(len(member)) - np.repeat(member_start[:-1], np.diff(member_start))
    root = local[member]
    if len(groups.record):
        at = np.minimum(np.searchsorted(groups.record, member), len(groups.record) - 1)
        root = np.where(groups.record[at] == member, local[groups.root[at]], root)
    edge_start, row = bucket(number[survey.edge], opened)
    apart = np.flatnonzero(~judgements.match)
    one, other = judgements.a[apart], judgements.b[apart]
    together = np.where(survey.place[one] == survey.place[other], number[survey.place[one]], -1)
    apart_start, apart_row = bucket(together, opened)
    packed = Packed(
        member_start,
        root,
        edge_start,
        local[edges.a[row]],
        local[edges.b[row]],
        edges.weight[row],
        edges.conflict[row],
        apart_start,
        local[one[apart_row]],
        local[other[apart_row]],
    )
    return member, packed


def _scratch(packed: Packed) -> Scratch:
    """Allocate for the largest component, once."""
    from linkage.clustering.kernels import count_groups
    from linkage.clustering.merging import Scratch

    records, groups = count_groups(packed)
    if records > LARGEST_COMPONENT:
        raise DataError(f"clustering: a component has {records} records; the most is {LARGEST_COMPONENT}")
    square = groups * groups
    return Scratch(
        np.empty(square, np.int64),
        np.empty(square, np.bool_),
        np.empty(groups, np.int64),
        np.empty(groups, np.int64),
        np.empty(groups, np.int64),
        np.empty(groups, np.int64),
        np.empty(groups, np.int64),
        np.empty(groups, np.bool_),
        np.empty(groups, np.bool_),
        np.empty(records, np.int64),
        np.empty(records, np.bool_),
        np.empty(square, np.int32),
        np.empty(groups, np.bool_),
    )


def _stats(found: Components, survey: _Survey, label: Integers, ambiguous: Flags, groups: _Groups) -> ClusterStats:
    size = np.bincount(label, minlength=len(label))
    return ClusterStats(
        largest_uncut=found.largest_uncut,
        largest_component=found.largest,
        components=len(survey.open),
        components_cut=found.cut,
        assumed_pairs=survey.assumed,
        merged_whole=int(np.count_nonzero(survey.whole)),
        agglomerated=int(np.count_nonzero(survey.open)),
        clusters=int(np.count_nonzero(size)),
        largest_cluster=int(size.max(initial=0)),
        ambiguous=int(np.count_nonzero(ambiguous)),
        lost=len(groups.lost),
    )
