/** The looks of the explanation page: it needs nothing from outside, says nothing by colour alone, and prints well. */

export const explanationStyle = `
:root { --ink: #1c2126; --soft: #5b6570; --line: #d5dade; --paper: #fff; --good: #176b3a; --bad: #a4161a; --warn: #8a5a00; --note: #2a5b8c; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { margin: 0 0 .25rem; font-size: 1.5rem; }
h2 { margin: 2.25rem 0 .5rem; padding-bottom: .25rem; border-bottom: 2px solid var(--line); font-size: 1.15rem; }
h3 { margin: 1.25rem 0 .25rem; font-size: 1rem; overflow-wrap: anywhere; }
p { margin: .25rem 0 .75rem; }
.verdict { margin: 1.25rem 0; padding: 1rem 1.25rem; border: 2px solid; border-left-width: .6rem; border-radius: .3rem; }
.verdict.granted { border-color: var(--good); }
.verdict.denied { border-color: var(--bad); }
.verdict.unavailable { border-color: var(--warn); }
.verdict strong { font-size: 1.3rem; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { color: var(--soft); font-size: .8rem; font-weight: 600; }
tbody th { width: 15rem; font-weight: 600; }
td { overflow-wrap: anywhere; }
.mark { width: 6rem; white-space: nowrap; font-weight: 600; }
.passed { color: var(--good); } .failed { color: var(--bad); } .skipped { color: var(--warn); } .noted { color: var(--note); }
.time { width: 6.5rem; color: var(--soft); text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.citation { color: var(--soft); font-size: .85rem; }
dl { display: grid; grid-template-columns: minmax(9rem, max-content) 1fr; gap: .1rem .9rem; margin: .25rem 0 0; font-size: .88rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
dd ul, td ul { margin: 0; padding: 0; list-style: none; }
code { font: .92em/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } tr, .verdict { break-inside: avoid; } h2, h3 { break-after: avoid; } }
`;
