// Every limit in the API carries its source and age: a walk over all GET routes that the API lists,
// in a depot that has one of each.
import test from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { BUILD, Depotd, until } from './harness.mjs';
import { booted } from './peer.mjs';

// Fields that are limits → what says where they come from, and since when or how old. Found beside
// them, or in the object around ("^").
const STANDS = [['source', '^source'], ['since', 'age_s', 'at']];
const LIMITS = {
	limit_w: [['limit_source', 'source', '^owner'], ['limit_at', 'limit_since', 'since', 'age_s', 'at', 'start', '^start']],
	limit: STANDS, // a node's phase, export …
	target_w: [['target_source'], ['target_since']],
	allowed_w: [['allowed_source'], ['allowed_at']],
	told_w: [['told_source'], ['told_at']],
	external_w: [['external_source'], ['external_at']],
	cable_max_a: [['cable_source'], ['cable_at']],
	max_w: [['rated_source', '^owner', '^by'], ['rated_since', '^at', 'at', 'start']],
	min_w: [['rated_source'], ['rated_since']],
	tail_w: [['rated_source'], ['rated_since']],
	import_w: [['^owner'], ['^received_at']],
	export_w: [['^owner'], ['^received_at']],
	export_limit_w: [['^owner'], ['start']],
	limit_ma: [['^owner'], ['start']],
	phase_ma: [['^owner'], ['^received_at']],
	charge_max_w: [['map'], ['at']], // as a store's own meter says it
	discharge_max_w: [['map'], ['at']],
	evse_w: null, feed_w: null, export_max_w: null, max_ma: null, // measured, or reckoned of what is stored
	low_w: null, // what a person told the walk
};
// What is shown word for word: profiles and schedules of OCPP, whose object says whose they are and since when.
const WORDS = { profile: ['source', 'at'], schedules: ['source', 'at'], description: [] };
const QUIET = [
	'/api/v1/grid', // the description itself: what the sources name
	'/api/v1/journal', '/api/v1/audit', '/api/v1/audit/{seq}', '/api/v1/wire', '/api/v1/wire/export', '/api/v1/calls', '/api/v1/commands', // as they were said, with time and actor
	'/api/v1/stream', // begins with the overview, and does not end
	'/api/v1/transactions', // what is over; of an open one the station's EVSE says it
];

// Whatever else is named like a limit must be in the table above.
const looks_like_a_limit = (name) => /(limit|target|allowed|told|cap|max|most)(_w|_a|_ma)$|^limit$/.test(name);

const has = (o, name) => name !== undefined && o?.[name] !== undefined && o[name] !== '';
const finds = (names, here, around) => names.some((n) => (n.startsWith('^') ? around.some((o) => has(o, n.slice(1))) : has(here, n)));

/** All limits below `value` that lack their source or age, and how many were looked at. */
function walk(value, path, around, out) {
	if (Array.isArray(value)) {
		value.forEach((v, i) => walk(v, `${path}[${i}]`, around, out));
		return;
	}
	if (typeof value !== 'object' || value === null) return;
	for (const [name, v] of Object.entries(value)) {
		if (typeof v === 'object' && Object.hasOwn(WORDS, name)) {
			for (const w of WORDS[name]) if (!has(value, w)) out.faults.push(`${path}.${name}: no ${w}`);
		} else if (typeof v === 'object') walk(v, `${path}.${name}`, [value, ...around], out);
		else if (typeof v === 'number' && (Object.hasOwn(LIMITS, name) || looks_like_a_limit(name))) judge(value, name, `${path}.${name}`, around, out);
	}
}

function judge(here, name, path, around, out) {
	const row = LIMITS[name];
	if (row === null) return;
	out.seen.add(name);
	if (row === undefined) out.faults.push(`${path}: a limit that this test does not know`);
	else if (!finds(row[0], here, around)) out.faults.push(`${path}: no source`);
	else if (!finds(row[1], here, around)) out.faults.push(`${path}: no age`);
}

/** A meter at the grid connection: 12 kW, whatever is asked. */
async function meter(t) {
	const server = net.createServer((s) => {
		s.on('error', () => {});
		s.on('data', (d) => {
			const count = d.readUInt16BE(10), body = Buffer.alloc(9 + 2 * count);
			d.copy(body, 0, 0, 4);
			body.writeUInt16BE(3 + 2 * count, 4);
			body.set([d[6], d[7], 2 * count], 6);
			for (let i = 0; i + 1 < count; i += 2) body.writeFloatBE(12000, 9 + 2 * i);
			s.write(body);
		});
	}).listen(0, '127.0.0.1');
	await until('the meter', () => server.listening);
	t.after(() => server.close());
	return server.address().port;
}

const depot = (port) => `
depot: test
name: Test depot
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 60000, limit_a: 100, imbalance_a: 60, export_limit_w: 30000, meter: main, minimum_w: 20000, demand: {target_w: 40000}}
  - {id: bat, kind: storage, parent: site, battery_wh: 50000, discharge_w: 20000}
meters:
  - {id: main, map: eastron-sdm630, poll_ms: 200, tcp: {host: 127.0.0.1, port: ${port}}, unit: 1}
stations:
  - id: CP-1
    node: site
    evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, tail_w: 4140}]
vehicles:
  - {id: VAN-1, token: AABBCCDD, battery_wh: 60000, max_ac_w: 11000, max_dc_w: 80000, min_w: 4140, need_wh: 20000, departs: "06:00"}
`;

test('every limit that any GET of the API tells has its source and its age beside it', async (t) => {
	const d = await new Depotd({ depot: depot(await meter(t)) }).start();
	t.after(() => d.clean());
	const now = () => new Date().toISOString();
	const s = await booted(d, 'CP-1', { registration: { node: 'site', evses: 1 } });
	t.after(() => s.close());
	await s.call('TransactionEvent', {
		eventType: 'Started', timestamp: now(), triggerReason: 'CablePluggedIn', seqNo: 0, cableMaxCurrent: 20,
		transactionInfo: { transactionId: 'tx', chargingState: 'EVConnected' }, evse: { id: 1, connectorId: 1 },
		idToken: { idToken: 'AABBCCDD', type: 'ISO14443' },
	});
	await s.call('NotifyChargingLimit', { evseId: 1, chargingLimit: { chargingLimitSource: 'EMS' }, chargingSchedule: [
		{ id: 1, chargingRateUnit: 'W', startSchedule: now(), chargingSchedulePeriod: [{ startPeriod: 0, limit: 9000 }] }] });
	const made = await d.api('POST', '/envelopes', { node: 'site', owner: 'openadr/vtn-1', grid: true, blocks: [
		{ start: now(), end: new Date(Date.now() + 3600e3).toISOString(), import_w: 50000, export_w: 20000, phase_ma: 90000 }] });
	assert.equal(made.status, 200, made.text);
	await until('the charger to be told', async () => (await d.api('GET', '/stations/CP-1')).json.evses[0].limit_w !== undefined, 60000);
	await until('the series', async () => (await d.api('GET', '/power?step=5')).json.points.some((p) => p.limit_w), 30000);
	await until('the compliance', async () => (await d.api('GET', `/envelopes/${made.json.id}/compliance`)).json.records.length, 30000);

	const of = { id: null, station: 'CP-1', type: 'ISO14443', value: 'AABBCCDD', name: 'evse%2FCP-1%2F1%2Fpower_w' };
	const ids = { stations: 'CP-1', vehicles: 'VAN-1', envelopes: made.json.id, nodes: 'site', meters: 'main', transactions: 'tx' };
	const query = { '/api/v1/stations/{id}/composite': '?evse=1&duration=3600', '/api/v1/compare': '?a=CP-1&b=CP-1', '/api/v1/power': '?step=5', '/api/v1/envelopes': '?state=all' };
	const { routes } = (await d.api('GET', '/api/v1')).json;
	const out = { faults: [], seen: new Set() };
	let walked = 0;
	for (const { method, path } of routes.filter((p) => p.method === 'GET' && !QUIET.some((q) => p.path === q || p.path.startsWith(`${q}/`)))) {
		const room = path.split('/')[3];
		const r = await d.api(method, path.replace(/\{(\w+)\}/g, (_, x) => of[x] ?? ids[room] ?? 'none') + (query[path] ?? ''));
		if (r.status !== 200 || !r.json) continue;
		walked++;
		walk(r.json, path, [], out);
	}
	assert.deepEqual(out.faults, []);
	assert.ok(walked > 35, `${walked} of ${routes.length} routes answered`);
	const not_seen = Object.keys(LIMITS).filter((n) => LIMITS[n] && !out.seen.has(n) && !/charge_max_w/.test(n));
	assert.deepEqual(not_seen, [], 'each kind of limit is there to be looked at');

	const ctl = (...args) => spawnSync(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), ...args], { encoding: 'utf8' }).stdout;
	assert.match(ctl('power'), /TARGET kW +FROM +SINCE.*\n.*40\.0 +described +\d/);
	assert.match(ctl('obedience', 'CP-1'), /TOLD kW +BY +AT.*\n.*(EMS|cable|guard|plan) +\d/);
	assert.match(ctl('tree'), /LIMIT +FROM +SINCE.*\n.* kW +(envelope|demand window) +\d/);
	assert.match(ctl('stations'), /LIMIT +SET BY +AT.*\n.*(EMS|cable|guard|plan) +\d/);
});

test('the age of a limit is the time when that very limit was set: others are changed, depotd is killed, it stays', async (t) => {
	const d = await new Depotd({ depot: depot(await meter(t)) }).start();
	t.after(() => d.clean());
	const ages = async () => {
		const site = (await d.api('GET', '/tree')).json.nodes.find((n) => n.id === 'site');
		const of = (what) => site.limits.find((l) => l.what === what).since;
		const rows = (await d.api('GET', '/nodes/site/limits')).json.limits.filter((l) => l.source === 'rating');
		return {
			power: rows.find((l) => l.quantity === 'import').since, phase: of('L1'), imbalance: of('imbalance'), export: of('export'),
			target: (await d.api('GET', '/guard')).json.demand.find((w) => w.node === 'site').target_since,
			evse: (await d.api('GET', '/stations/CP-1')).json.evses[0].rated_since,
			shown: site.limit_source === 'rating' ? site.limit_since : undefined,
			rows: rows.map((l) => l.since),
		};
	};
	const change = async (id, row) => {
		const grid = (await d.api('GET', '/grid')).json;
		const before = new Date().toISOString();
		Object.assign(grid.nodes.find((n) => n.id === id), row);
		const r = await d.api('PUT', '/grid', grid);
		assert.equal(r.status, 200, r.text);
		return before;
	};
	await until('the guard', async () => (await d.api('GET', '/guard')).json.demand.length);
	const first = await ages();
	for (const k of ['phase', 'imbalance', 'export', 'target']) assert.equal(first[k], first.power, `${k}: the file set them all`);

	await change('bat', { discharge_w: 15000 });
	assert.deepEqual(await ages(), first, 'the change of another node');
	const phase_at = await change('site', { limit_a: 99 });
	const target_at = await change('site', { demand: { target_w: 39000 } });
	const then = await ages();
	assert.deepEqual({ ...then, phase: 0, target: 0, shown: 0, rows: 0 }, { ...first, phase: 0, target: 0, shown: 0, rows: 0 }, 'what was not changed');
	assert.ok(then.phase >= phase_at && then.phase < target_at, `${then.phase} is between ${phase_at} and ${target_at}`);
	assert.ok(then.target >= target_at, `${then.target} is not before ${target_at}`);

	await d.stop('SIGKILL');
	await d.start();
	await until('the guard', async () => (await d.api('GET', '/guard')).json.demand.length);
	const again = await ages();
	const near = (a, b) => Math.abs(Date.parse(a) - Date.parse(b)) < 100;
	for (const k of ['power', 'phase', 'imbalance', 'export', 'target', 'evse']) assert.ok(near(again[k], then[k]), `${k} after the restart: ${again[k]}, before it ${then[k]}`);
});
