"""Constrained clustering as one pure function on integer arrays; no names, no SQL, no files.

The order of use, for one entity type and one audience:

1. `components(n, edges, settings, judgements)` on the edges that blocking found;
2. `count_missing_pairs(label, edges)`, then `missing_pairs(label, edges)`: pairs inside components that have
   no edge; the caller scores them and adds them to the edges;
3. `cluster(n, edges, judgements, settings, component=label)`: the partition.

4. `second_look(meetings, prior, stop)`: clusters of one component once more, as wholes.

Pass the labels of step 1 to step 3. An edge that was scored in step 2 may weigh more than the floor, so if
such edges are *stored* and a later run makes components of them, the partition would depend on what was
scored before. Components come from blocked edges only; scored gaps count inside components only.

Everything decomposes over components: records and edges of one component change nothing in another, so
clustering only the touched components gives what clustering all of them gives. numba is imported
at the first call, not with this package.
"""

from __future__ import annotations

from linkage.clustering.agglomerate import cluster
from linkage.clustering.components import (
    Components,
    components,
    count_missing_pairs,
    find_components,
    missing_pairs,
)
from linkage.clustering.contracts import (
    BIT,
    LARGEST_COMPONENT,
    Clustering,
    ClusterSettings,
    ClusterStats,
    Edges,
    Judgements,
    memory_bytes,
)
from linkage.clustering.second_look import Meetings, second_look, second_look_bytes

__all__ = [
    "BIT",
    "LARGEST_COMPONENT",
    "ClusterSettings",
    "ClusterStats",
    "Clustering",
    "Components",
    "Edges",
    "Judgements",
    "Meetings",
    "cluster",
    "components",
    "count_missing_pairs",
    "find_components",
    "memory_bytes",
    "missing_pairs",
    "second_look",
    "second_look_bytes",
]
