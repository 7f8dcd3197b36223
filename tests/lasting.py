"""Rule R4 in plain Python, one release after another: what the SQL of `linkage.stages.identify` is held against."""

from __future__ import annotations


class Ids:
    """What the ids of an audience hold: `held` (id → its records), `since` (id → its first release), `ended`."""

    def __init__(self):
        self.held, self.since, self.ended = {}, {}, {}

    def kept(self, clusters):
        """Cluster (a frozen set of records) → the id that it keeps, and cluster → the id that is reinstated for it."""
        rows, of = [], {record: identity for identity, records in self.held.items() for record in records}
        for cluster in clusters:
            for identity in {of[record] for record in cluster if record in of}:
                shared = cluster & self.held[identity]
                rank = (-len(shared), self.since[identity], -len(cluster), min(cluster), identity)
                rows.append((rank, cluster, identity))
        kept = {}
        for _, cluster, identity in sorted(rows, key=lambda row: row[0]):
            if cluster not in kept and identity not in kept.values():
                kept[cluster] = identity
        back = {}
        for cluster in set(clusters) - kept.keys():
            found = [
                (-len(cluster & last), self.since[identity], identity)
                for identity, last in self.ended.items()
                if 2 * len(cluster & last) > len(last)
            ]
            if found:
                back[cluster] = min(found)[2]
        return kept, back

    def settle(self, release, names):
        """Go on to a release, given its clusters and their ids."""
        before, self.held = self.held, {}
        for cluster, identity in names.items():
            self.since.setdefault(identity, release)
            self.held[identity] = set(cluster)
            self.ended.pop(identity, None)
        self.ended |= {identity: last for identity, last in before.items() if identity not in self.held}


def days_of(random, names, releases):
    """Clusters of names, release by release: records go astray and come home, groups are joined and parted, records leave and return."""
    home = {name: number // 3 for number, name in enumerate(names)}
    place, here = dict(home), set(names)
    for _ in range(releases):
        for name in random.sample(names, 3):
            what = random.choice(["astray", "home", "alone", "gone", "back"])
            if what in {"astray", "home", "alone"}:
                place[name] = {"astray": random.choice(list(home.values())), "home": home[name], "alone": name}[what]
            (here.discard if what == "gone" else here.add)(name)
        one, two = random.sample(sorted(set(home.values())), 2)
        if random.random() < 0.5:
            joined = random.random() < 0.5
            place |= {name: one if joined else home[name] for name in names if place[name] in {one, two}}
        groups = {}
        for name in sorted(here):
            groups.setdefault(place[name], set()).add(name)
        yield [frozenset(group) for group in groups.values()]
