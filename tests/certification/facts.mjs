// What the certification cases saw depotd do with each action, from its own wire log and journal:
// who sent it, what was stored because of it, how the commands ended, in which cases. docs/ocpp.md is
// made from this.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, until } from '../e2e/harness.mjs';

const DIR = join(BUILD, 'certification');

/** Events that every call leaves, and so say nothing of the action. */
const USUAL = new Set(['CallQueued', 'CallEnded', 'CommandStarted', 'CommandMoved']);

async function* pages(depotd, path, list, cursor) {
	for (let at = '';;) {
		const r = await depotd.api('GET', `${path}limit=1000${at}`);
		if (r.status !== 200) throw new Error(`${path}: ${r.status} ${r.text}`);
		yield* r.json[list];
		if (!r.json.next) return;
		at = `&${cursor}=${r.json.next}`;
	}
}

/** "TC-B_08" and "TC-B_08-NotifyEvent" are both of case B_08. */
const caseOf = (station) => /^TC-([A-P]_\d+)/.exec(station)?.[1];

/** The CALLs of the wire log. */
async function calls(depotd) {
	const all = [];
	for await (const f of pages(depotd, '/wire?', 'frames', 'before'))
		if (f.action && f.text.startsWith('[2')) all.push(f);
	return all;
}

/** The wire log once it has every CALL that these stations know of: it is written in its own pace, and
 *  what came last would be missing. */
export async function whole(depotd, stations, ms = 20000) {
	const told = stations.flatMap((s) => s.exchanged.map((e) => ({ ...e, station: s.id })));
	const key = (e) => `${e.station} ${e.direction} ${e.action} ${e.id}`;
	let missing;
	const all = () => calls(depotd).then((frames) => {
		const there = new Set(frames.map((f) => key({ ...f, id: f.message_id })));
		missing = told.map(key).filter((k) => !there.has(k));
		return !missing.length && frames;
	});
	return until('the wire log to be written', all, ms).catch((e) => {
		throw new Error(`${e.message}; it has not: ${missing?.slice(0, 10).join(', ')}`);
	});
}

/** Looks at all that this depotd keeps; writes the facts of the block. */
export async function collect(depotd, name, stations) {
	const facts = {};
	const actionOf = new Map(); // id of a message or command → action
	const of = (action) => (facts[action] ??= { in: 0, out: 0, events: new Set(), ends: new Set(), cases: new Set() });
	for (const f of await whole(depotd, stations)) {
		const fact = of(f.action);
		fact[f.direction]++;
		actionOf.set(`${f.station}/${f.message_id}`, f.action); // of a call, its id is its message's
		if (caseOf(f.station)) fact.cases.add(caseOf(f.station));
	}
	for await (const e of pages(depotd, '/journal?', 'events', 'after')) {
		const station = e.stream.split('/')[1];
		if (e.type === 'CommandMoved') {
			actionOf.set(`${station}/${e.payload.command_id}`, e.payload.action);
			if (!['waiting', 'running'].includes(e.payload.state)) of(e.payload.action).ends.add(e.payload.state);
		}
		const action = e.cause && actionOf.get(`${station}/${e.cause}`);
		if (action && !USUAL.has(e.type)) of(action).events.add(e.type);
	}
	mkdirSync(DIR, { recursive: true });
	const plain = Object.fromEntries(Object.entries(facts).map(([k, v]) =>
		[k, { ...v, events: [...v.events], ends: [...v.ends], cases: [...v.cases] }]));
	writeFileSync(join(DIR, `facts-${name}.json`), JSON.stringify(plain));
}

export const forget = () => rmSync(DIR, { recursive: true, force: true });

/** The facts of all blocks together: action → {in, out, events, ends, cases}, sorted. */
export function merged() {
	const all = {};
	for (const file of readdirSync(DIR).filter((f) => f.startsWith('facts-')))
		for (const [action, f] of Object.entries(JSON.parse(readFileSync(join(DIR, file), 'utf8')))) {
			const a = (all[action] ??= { in: 0, out: 0, events: [], ends: [], cases: [] });
			a.in += f.in;
			a.out += f.out;
			for (const k of ['events', 'ends', 'cases']) a[k] = [...new Set([...a[k], ...f[k]])].sort();
		}
	return all;
}
