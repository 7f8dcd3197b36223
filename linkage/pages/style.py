"""The style sheet of every page: light, dark where the reader's system is, and always light on paper."""

STYLE = """
:root { color-scheme: light dark; --back: #fff; --front: #1b1f24; --muted: #57606a; --edge: #d0d7de; --stripe: #f6f8fa;
  --for: #1f6fb4; --against: #b4501f; --total: #4d5661; --note: #fff4d6;
  --h0: #fff; --h1: #e9f1f9; --h2: #c9def1; --h3: #97c1e4; --h4: #2873b3; --h5: #0f4c81; --deep: #fff;
  --p0: #1f6fb4; --p1: #b4501f; --p2: #8c959f; --p3: #7a4fb5; --p4: #24292f; --p5: #2a8c82; }
@media screen and (prefers-color-scheme: dark) { :root { --back: #14181d; --front: #e6e9ec; --muted: #a3adb8; --edge: #3a424c;
  --stripe: #1b2027; --for: #6cb2f0; --against: #f0a070; --total: #b8c0c8; --note: #3a3013;
  --h0: #14181d; --h1: #1c2a38; --h2: #22405b; --h3: #2c5f8a; --h4: #7db8e8; --h5: #c4e0f7; --deep: #10151a;
  --p0: #6cb2f0; --p1: #f0a070; --p2: #8c959f; --p3: #b694ea; --p4: #e6e9ec; --p5: #5cc4b8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--front); font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 24px 20px 48px; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 12px; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 36px 0 8px; padding-top: 8px; border-top: 2px solid var(--edge); }
h3 { font-size: 1rem; margin: 24px 0 4px; }
h1, h2, h3, caption { break-after: avoid; }
p { max-width: 75ch; margin: 6px 0 12px; }
.notice { background: var(--note); padding: 8px 12px; max-width: none; font-weight: 600; }
dl { margin: 12px 0; } dl div { display: flex; gap: 12px; padding: 3px 0; }
dt { flex: 0 0 100px; color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
.scroll { overflow-x: auto; margin: 12px 0 20px; }
table { border-collapse: collapse; min-width: 50%; font-size: .87rem; }
caption { text-align: left; font-weight: 600; padding: 4px 0; }
th, td { text-align: left; vertical-align: top; padding: 4px 8px; border-bottom: 1px solid var(--edge); overflow-wrap: anywhere; min-width: 7.5em; }
thead th { color: var(--muted); font-weight: 600; } tbody th { font-weight: 400; }
tbody tr:nth-child(even) { background: var(--stripe); }
.number { text-align: right; min-width: 0; font-variant-numeric: tabular-nums; white-space: nowrap; }
thead .number { white-space: normal; overflow-wrap: break-word; }
.chart { overflow-x: auto; margin: 12px 0; } svg { display: block; width: 100%; min-width: 720px; height: auto; }
svg text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--front); }
svg .strong { font-weight: 600; } svg .muted { fill: var(--muted); }
svg .halo { paint-order: stroke; stroke: var(--back); stroke-width: 4px; stroke-linejoin: round; }
svg .grid, svg .rule { stroke: var(--edge); stroke-width: 1; } svg .rule { stroke-dasharray: 1 3; }
svg .zero { stroke: var(--front); stroke-width: 1.5; } svg .link { stroke: var(--muted); stroke-width: 1; }
svg .threshold { stroke: var(--front); stroke-width: 1.5; stroke-dasharray: 7 4; } svg .review { stroke-dasharray: 2 4; }
svg .for { fill: var(--for); } svg .against { fill: var(--against); } svg .total { fill: var(--total); }
svg .heat { stroke: var(--edge); stroke-width: 1; }
svg .heat0 { fill: var(--h0); } svg .heat1 { fill: var(--h1); } svg .heat2 { fill: var(--h2); }
svg .heat3 { fill: var(--h3); } svg .heat4 { fill: var(--h4); } svg .heat5 { fill: var(--h5); }
svg .heat-text0 { fill: var(--muted); } svg .heat-text4, svg .heat-text5 { fill: var(--deep); }
svg .part-accepted { fill: var(--p0); } svg .part-rejected { fill: var(--p1); } svg .part-superseded { fill: var(--p2); }
svg .part-withdrawn { fill: var(--p3); } svg .part-purged { fill: var(--p4); } svg .part-no_entity { fill: var(--p5); }
svg .tie { stroke: var(--muted); stroke-width: 1.2; } svg .derived { stroke-dasharray: 5 4; }
svg .node { fill: var(--back); stroke: var(--for); stroke-width: 2; } svg .node.open { fill: var(--for); }
svg .node.business { stroke: var(--p3); } svg .node.business.open { fill: var(--p3); }
svg .node.account { stroke: var(--p5); } svg .node.account.open { fill: var(--p5); }
@media print { body { font-size: 10pt; } main { max-width: none; padding: 0; } svg { min-width: 0; break-inside: avoid; }
  .scroll, .chart { overflow: visible; } tr { break-inside: avoid; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
