// The page of the provenance view: a table and a graph, each verdict opening its evidence. No resource is loaded; one script, by nonce.
import type {
  ProvenanceVerdict,
  ProvenanceViewData,
  ProvenanceViewRow,
} from "../../shared/src/protocol/editor.ts";

/** The words of the page, in the person's language. */
export interface PageWords {
  readonly package: string;
  readonly verdict: string;
  readonly from: string;
  readonly signedBy: string;
  readonly packages: string;
  readonly graph: string;
  readonly manifest: string;
  readonly evidence: string;
  readonly needs: string;
  readonly basis: string;
  readonly verdicts: Readonly<Record<ProvenanceVerdict, string>>;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text of an index or a package, as it may stand in the page. */
export function escapeHtml(text: string): string {
  return text
    .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, " ")
    .replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

const MARKS: Readonly<Record<ProvenanceVerdict, string>> = {
  error: "✕",
  warning: "▲",
  information: "ℹ",
  "not-checked": "?",
  passed: "✓",
};

/** The whole page. `nonce` is made anew for each. */
export function provenanceHtml(
  data: ProvenanceViewData,
  words: PageWords,
  nonce: string,
  language: string,
): string {
  const ids = new Map(data.rows.map((row, at) => [row, `package-${at}`]));
  return `<!DOCTYPE html>
<html lang="${escapeHtml(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}';">
<title>${escapeHtml(data.title)}</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(data.title)}</h1>
<p role="status">${escapeHtml(data.summary)}</p>
${tableOf(data, words, ids)}
${graphOf(data, words, ids)}
${fileChecks(data, words)}
${listOf(words.basis, data.basis)}
<script nonce="${nonce}">${SCRIPT}</script>
</body>
</html>
`;
}

type Ids = ReadonlyMap<ProvenanceViewRow, string>;

function tableOf({ rows }: ProvenanceViewData, words: PageWords, ids: Ids): string {
  if (rows.length === 0) return "";
  const body = rows.map((row) => {
    const verdict = `<span class="${row.verdict}"><span aria-hidden="true">${MARKS[row.verdict]}</span> ${escapeHtml(words.verdicts[row.verdict])}</span>`;
    return `<tr role="row">
<th scope="row" role="rowheader">${escapeHtml(`${row.name} ${row.version}`.trim())}</th>
<td role="cell"><details id="${ids.get(row)}"><summary>${verdict}${reasonOf(row)}</summary>${checksOf(row.checks)}</details></td>
<td role="cell" data-column="${escapeHtml(words.signedBy)}">${escapeHtml(row.signer)}</td>
<td role="cell" data-column="${escapeHtml(words.from)}">${escapeHtml(row.from)}</td>
</tr>`;
  });
  const columns = [words.package, words.verdict, words.signedBy, words.from];
  const heads = columns.map((name) => `<th scope="col" role="columnheader">${escapeHtml(name)}</th>`);
  // The roles are those of the elements, which lose them where a narrow panel has them stand below one another.
  return `<h2 id="packages">${escapeHtml(words.packages)}</h2>
<table role="table" aria-labelledby="packages">
<thead role="rowgroup"><tr role="row">${heads.join("")}</tr></thead>
<tbody role="rowgroup">
${body.join("\n")}
</tbody>
</table>`;
}

/** The verdict's own words beside it: what is gravest comes first among the checks. */
function reasonOf({ verdict, checks }: ProvenanceViewRow): string {
  const [first] = checks;
  return verdict === "passed" || !first ? "" : ` · ${escapeHtml(first.message)}`;
}

function checksOf(checks: ProvenanceViewData["file"]): string {
  const items = checks.map((check) => {
    const state = [check.state.replaceAll("-", " "), check.severity].filter(Boolean).join(", ");
    const lines = [check.message, check.artifact, check.accepted, check.next].filter(Boolean).map(escapeHtml);
    const evidence = check.evidence.map((one) => `<li>${escapeHtml(one)}</li>`).join("");
    return `<li><strong>${escapeHtml(check.rule)}</strong> · ${escapeHtml(state)}<br>${lines.join("<br>")}${evidence === "" ? "" : `<ul>${evidence}</ul>`}</li>`;
  });
  return `<ul class="checks">${items.join("")}</ul>`;
}

function fileChecks({ file }: ProvenanceViewData, words: PageWords): string {
  if (file.length === 0) return "";
  return `<h2>${escapeHtml(words.manifest)}</h2><details><summary>${escapeHtml(words.evidence)}</summary>${checksOf(file)}</details>`;
}

function listOf(title: string, items: readonly string[]): string {
  if (items.length === 0) return "";
  return `<h2>${escapeHtml(title)}</h2><ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join("")}</ul>`;
}

const WIDTH = 190;
const HEIGHT = 44;
const GAP_X = 60;
const GAP_Y = 14;

/** Columns by the longest way from a package that nobody needs; a circle ends where it began. */
function columnsOf(rows: readonly ProvenanceViewRow[]): ProvenanceViewRow[][] {
  const byName = new Map(rows.map((row) => [row.name, row]));
  const depth = new Map<string, number>(rows.map(({ name }) => [name, 0]));
  // As many rounds as there are packages are enough for the longest way; a circle would go on for ever.
  for (let round = 0; round < Math.min(rows.length, 50); round++) {
    let isSettled = true;
    for (const { name, dependsOn } of rows) {
      for (const needed of dependsOn) {
        const wanted = Math.min((depth.get(name) ?? 0) + 1, rows.length - 1);
        if (byName.has(needed) && wanted > (depth.get(needed) ?? 0)) {
          depth.set(needed, wanted);
          isSettled = false;
        }
      }
    }
    if (isSettled) break;
  }
  const used = [...new Set(depth.values())].sort((a, b) => a - b);
  return used.map((at) => rows.filter(({ name }) => depth.get(name) === at));
}

function graphOf({ rows }: ProvenanceViewData, words: PageWords, ids: Ids): string {
  if (!rows.some(({ dependsOn }) => dependsOn.length > 0)) return "";
  const places = new Map<string, { x: number; y: number }>();
  const columns = columnsOf(rows);
  for (const [column, members] of columns.entries())
    for (const [at, { name }] of members.entries())
      places.set(name, { x: 4 + column * (WIDTH + GAP_X), y: 4 + at * (HEIGHT + GAP_Y) });
  const width = columns.length * (WIDTH + GAP_X) - GAP_X + 8;
  const height = Math.max(...columns.map(({ length }) => length)) * (HEIGHT + GAP_Y) - GAP_Y + 8;
  const edges = rows.flatMap((row) =>
    row.dependsOn.flatMap((needed) => {
      const [from, to] = [places.get(row.name), places.get(needed)];
      if (!from || !to) return [];
      const [x1, y1, x2, y2] = [from.x + WIDTH, from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2];
      const bend = Math.max(20, Math.abs(x2 - x1) / 2);
      return [`<path d="M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}"/>`];
    }),
  );
  const nodes = rows.map((row) => {
    const { x, y } = places.get(row.name)!;
    const name = escapeHtml(`${row.name} ${row.version}`.trim());
    const verdict = escapeHtml(words.verdicts[row.verdict]);
    const needs = row.dependsOn.length > 0 ? `. ${words.needs} ${row.dependsOn.join(", ")}` : "";
    return `<g class="node ${row.verdict}" role="button" tabindex="0" data-opens="${ids.get(row)}" aria-label="${name}: ${verdict}${escapeHtml(needs)}" transform="translate(${x} ${y})">
<title>${name}</title><rect width="${WIDTH}" height="${HEIGHT}" rx="4"/><text x="10" y="18" clip-path="url(#label)" aria-hidden="true">${clip(name)}</text><text x="10" y="35" class="verdict" aria-hidden="true">${MARKS[row.verdict]} ${verdict}</text></g>`;
  });
  return `<h2 id="graph">${escapeHtml(words.graph)}</h2>
<div class="graph"><svg role="group" aria-labelledby="graph" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<clipPath id="label"><rect width="${WIDTH - 4}" height="${HEIGHT}"/></clipPath>
<g class="edges" aria-hidden="true">${edges.join("")}</g>
${nodes.join("\n")}
</svg></div>`;
}

/** As much of a name as a node has room for; the whole of it is the node's title. */
function clip(text: string): string {
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}

const STYLE = `
body { font: var(--vscode-font-size) var(--vscode-font-family); color: var(--vscode-foreground); padding: 0 1em 2em; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: start; vertical-align: top; padding: .35em .8em .35em 0; border-bottom: 1px solid var(--vscode-panel-border); }
th[scope="row"] { min-width: 6em; overflow-wrap: anywhere; }
td:nth-of-type(1) { width: 60%; }
summary { cursor: pointer; }
summary:focus-visible, .node:focus-visible rect { outline: 2px solid var(--vscode-focusBorder); stroke: var(--vscode-focusBorder); stroke-width: 2; }
.checks { padding-inline-start: 1.2em; max-width: 60em; }
.checks li { margin: .4em 0; overflow-wrap: anywhere; }
.error { color: var(--vscode-errorForeground); }
.warning { color: var(--vscode-editorWarning-foreground); }
.information { color: var(--vscode-editorInfo-foreground); }
@media (max-width: 44em) {
  table, tbody, tr, th[scope="row"], td { display: block; width: auto; border: 0; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { padding: .5em 0; border-bottom: 1px solid var(--vscode-panel-border); }
  th, td, td:nth-of-type(1) { width: auto; padding: .1em 0; }
  td[data-column]::before { content: attr(data-column) ": "; color: var(--vscode-descriptionForeground); }
}
.graph { overflow: auto; max-height: 75vh; }
.edges path { fill: none; stroke: var(--vscode-descriptionForeground); opacity: .6; }
.node { cursor: pointer; outline: none; }
.node rect { fill: var(--vscode-editorWidget-background); stroke: currentColor; }
.node text { fill: var(--vscode-foreground); font-size: 13px; }
.node .verdict { fill: currentColor; font-size: 12px; }
`;

/** A node opens its package's evidence, by mouse and by keyboard; the arrows go from one node to the next. */
const SCRIPT = `
const nodes = [...document.querySelectorAll("[data-opens]")];
const show = (node) => {
  const found = document.getElementById(node.dataset.opens);
  if (!found) return;
  found.open = true;
  found.querySelector("summary").focus();
  found.scrollIntoView({ block: "center" });
};
for (const [at, node] of nodes.entries()) {
  node.addEventListener("click", () => show(node));
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") show(node);
    else if (event.key === "ArrowDown" || event.key === "ArrowRight") nodes[(at + 1) % nodes.length].focus();
    else if (event.key === "ArrowUp" || event.key === "ArrowLeft") nodes[(at + nodes.length - 1) % nodes.length].focus();
    else return;
    event.preventDefault();
  });
}
`;
