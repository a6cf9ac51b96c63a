/*
 * Settings: the tree as YAML text, the lines in which two texts differ, a past tree out of its changes,
 * and the daemon's settings as a list. Pure.
 */
type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Row = Record<string, Json>;

export interface Grid {
	revision?: string;
	nodes: Row[];
	meters?: Row[];
}

const PLAIN = /^[A-Za-z][A-Za-z0-9 _./-]*$/;
const TAKEN = /^(null|true|false|yes|no|on|off)$/i;

/* A value on one line, read back the same by any YAML. */
function flow(x: Json): string {
	if (typeof x === "string") return PLAIN.test(x) && !TAKEN.test(x) && !x.endsWith(" ") ? x : JSON.stringify(x);
	if (Array.isArray(x)) return `[${x.map(flow).join(", ")}]`;
	if (typeof x === "object" && x !== null) return `{${Object.entries(x).map(([k, v]) => `${k}: ${flow(v)}`).join(", ")}}`;
	return String(x);
}

/* A row a line, so that a line says what changed. */
export function yamlOf(g: Grid): string {
	const rows = (name: string, list: readonly Row[] | undefined) =>
		(list && list.length > 0 ? [`${name}:`, ...list.map((r) => `  - ${flow(r)}`)] : []);
	return `${[...rows("nodes", g.nodes), ...rows("meters", g.meters)].join("\n")}\n`;
}

export interface DiffLine {
	kind: "same" | "gone" | "new";
	text: string;
}

const MOST_LINES = 2000;

/* Lines of both in their order; of long stretches that are the same the page shows none. */
export function diffOf(before: string, after: string): DiffLine[] {
	const a = before.split("\n").slice(0, MOST_LINES);
	const b = after.split("\n").slice(0, MOST_LINES);
	const width = b.length + 1;
	const longest = new Uint16Array((a.length + 1) * width);
	for (let i = a.length - 1; i >= 0; i -= 1) {
		for (let j = b.length - 1; j >= 0; j -= 1) {
			longest[i * width + j] = a[i] === b[j] ? longest[(i + 1) * width + j + 1]! + 1
				: Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
		}
	}
	const out: DiffLine[] = [];
	let i = 0;
	let j = 0;
	while (i < a.length || j < b.length) {
		if (i < a.length && j < b.length && a[i] === b[j]) {
			out.push({ kind: "same", text: a[i]! });
			i += 1;
			j += 1;
		} else if (i < a.length && (j === b.length || longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!)) {
			out.push({ kind: "gone", text: a[i]! });
			i += 1;
		} else {
			out.push({ kind: "new", text: b[j]! });
			j += 1;
		}
	}
	return out;
}

export interface GridEdit {
	kind: string;
	id: string;
	before?: string;
	after?: string;
}

export interface GridChange {
	seq: number;
	at: string;
	actor: string;
	why: string | undefined;
	file: string;
	edits: GridEdit[];
}

const isRecord = (x: unknown): x is Record<string, unknown> => typeof x === "object" && x !== null && !Array.isArray(x);
const text = (x: unknown): string => (typeof x === "string" ? x : "");

/* A GridChanged of the journal; undefined if it is none. */
export function changeOf(e: { seq: number; at: string; actor?: string; type: string; payload: unknown }): GridChange | undefined {
	if (e.type !== "GridChanged" || !isRecord(e.payload) || !Array.isArray(e.payload.edits)) return undefined;
	const edits = (e.payload.edits as unknown[]).filter(isRecord).map((x) => ({
		kind: text(x.kind), id: text(x.id), ...(typeof x.before === "string" && { before: x.before }), ...(typeof x.after === "string" && { after: x.after }),
	}));
	return { seq: e.seq, at: e.at, actor: e.actor ?? "", why: typeof e.payload.why === "string" ? e.payload.why : undefined, file: text(e.payload.file), edits };
}

function withRow(list: readonly Row[], id: string, row: Row | undefined): Row[] {
	const at = list.findIndex((r) => text(r.id).toLowerCase() === id.toLowerCase());
	if (at < 0) return row ? [...list, row] : [...list];
	return row ? list.map((r, i) => (i === at ? row : r)) : list.filter((_, i) => i !== at);
}

/* The tree before `seq`: the newer changes taken back, newest first. */
export function gridBefore(now: Grid, changes: readonly GridChange[], seq: number): Grid {
	let { nodes } = now;
	let meters = now.meters ?? [];
	for (const c of [...changes].filter((x) => x.seq >= seq).sort((a, b) => b.seq - a.seq)) {
		for (const e of [...c.edits].reverse()) {
			const row = e.before === undefined ? undefined : JSON.parse(e.before) as Row;
			if (e.kind === "meter") meters = withRow(meters, e.id, row);
			else nodes = withRow(nodes, e.id, row);
		}
	}
	return { nodes, meters };
}

export interface Setting {
	name: string;
	value: string;
	preset: string | undefined; /* undefined: it has none */
	isOwn: boolean; /* depotd.yaml says something else than the default */
}

/* "listen.console.port" and its value, for each leaf; lists of rows are one each. */
function leaves(x: unknown, name: string, out: Map<string, string>): Map<string, string> {
	if (isRecord(x)) for (const [key, value] of Object.entries(x)) leaves(value, name === "" ? key : `${name}.${key}`, out);
	else out.set(name, typeof x === "string" ? x : JSON.stringify(x));
	return out;
}

export function settingsOf(values: unknown, presets: unknown): Setting[] {
	const mine = leaves(values, "", new Map());
	const theirs = leaves(presets, "", new Map());
	const names = [...new Set([...mine.keys(), ...theirs.keys()])].sort();
	return names.map((name) => ({
		name, value: mine.get(name) ?? "", preset: name === "depot" ? undefined : theirs.get(name),
		isOwn: name === "depot" || mine.get(name) !== theirs.get(name),
	}));
}
