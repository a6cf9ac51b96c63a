/* Reach: a person who is limited to the east of the depot sees and moves nothing of its west, by any path of the API. */
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import https from 'node:https';
import { Depotd, until } from './harness.mjs';
import { Station } from './peer.mjs';

const depot = `
depot: reach
name: Reach
timezone: UTC
nodes:
  - {id: site, kind: site, limit_w: 100000}
  - {id: east, kind: feeder, parent: site, limit_w: 50000, meter: M-EAST}
  - {id: west, kind: feeder, parent: site, limit_w: 50000, meter: M-WEST}
meters:
  - {id: M-EAST, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1}}
  - {id: M-WEST, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 1}}
stations:
  - {id: E-1, node: east, evses: [{id: 1, kind: ac, max_w: 11000, phases: 3}]}
  - {id: W-1, node: west, evses: [{id: 1, kind: ac, max_w: 11000, phases: 3}]}
vehicles:
  - {id: VAN-E, token: EEEEEEEE, battery_wh: 60000, max_ac_w: 11000, max_dc_w: 80000, min_w: 4140, need_wh: 20000, departs: "06:00"}
  - {id: VAN-W, token: A0A0A0A0, battery_wh: 60000, max_ac_w: 11000, max_dc_w: 80000, min_w: 4140, need_wh: 20000, departs: "06:00"}
`;
const WEST = /\bW-1\b|\bwest\b|\bVAN-W\b|\bM-WEST\b/;
const peers = [];
let depotd, routes, east, envelope;

const origin = () => `https://localhost:${depotd.ports.console}`;

async function person(name, put) {
	assert.equal((await depotd.api('PUT', `/users/${name}`, put)).status, 200);
	const { code } = (await depotd.api('POST', `/users/${name}/reset`, {})).json;
	const r = await depotd.https('POST', '/sign-in', { code }, { 'content-type': 'application/json' });
	const headers = { cookie: String(r.headers['set-cookie']).split(';')[0], origin: origin(), 'x-csrf-token': r.json.csrf, 'content-type': 'application/json' };
	return { cookie: headers.cookie, ask: (m, p, b) => depotd.https(m, p, m === 'GET' ? undefined : b ?? {}, headers) };
}

/** A station with a van that charges. */
async function charge(id, token) {
	await depotd.api('PUT', `/stations/${id}`, { password: `the-password-of-${id}` });
	const p = await new Station(depotd, id, { password: `the-password-of-${id}` }).connect();
	peers.push(p);
	const now = () => new Date().toISOString();
	await p.boot();
	await p.call('StatusNotification', { timestamp: now(), connectorStatus: 'Occupied', evseId: 1, connectorId: 1 });
	await p.call('TransactionEvent', { eventType: 'Started', timestamp: now(), triggerReason: 'Authorized', seqNo: 0, evse: { id: 1, connectorId: 1 },
		transactionInfo: { transactionId: `tx-${id}`, chargingState: 'Charging' }, idToken: { idToken: token, type: 'ISO14443' } });
	await p.call('SecurityEventNotification', { type: 'TamperDetectionActivated', timestamp: now() });
}

before(async () => {
	depotd = await new Depotd({ depot, config: 'limits: {auth_failures_per_min: 400}\n' }).start();
	await charge('E-1', 'EEEEEEEE');
	await charge('W-1', 'A0A0A0A0');
	const block = { start: new Date().toISOString(), end: new Date(Date.now() + 3600e3).toISOString(), import_w: 40000 };
	envelope = (await depotd.api('POST', '/envelopes', { node: 'west', why: 'test', blocks: [block] })).json.id;
	await depotd.api('POST', '/reservations', { station: 'W-1', token: { idToken: 'X', type: 'Central' }, expires: block.end }).catch(() => {});
	east = await person('eva', { role: 'admin', nodes: ['east'] });
	routes = (await depotd.api('GET', '/api/v1')).json.routes;
	await until('the vans at their stations', async () => (await depotd.api('GET', '/overview')).json.vehicles.every((v) => v.station));
});
after(async () => {
	for (const p of peers) p.close();
	await depotd?.clean();
});

/** A path with things of the west for its parameters. */
function west(path) {
	const first = { stations: 'W-1', reservations: 'W-1', transactions: 'W-1', costs: 'W-1', nodes: 'west', 'grid/nodes': 'west', meters: 'M-WEST', 'grid/meters': 'M-WEST', vehicles: 'VAN-W', envelopes: envelope };
	const room = path.replace('/api/v1/', '').split('/{')[0];
	let n = 0;
	return path.replace(/\{\w+\}/g, () => (n++ === 0 ? first[room] ?? '1' : room === 'transactions' ? 'tx-W-1' : '1'));
}

const QUERIES = {
	'/api/v1/compare': '?a=E-1&b=W-1', '/api/v1/costs': '?station=W-1', '/api/v1/journal': '?stream=station/W-1', '/api/v1/wire/export': '?station=W-1',
};

describe('who is limited to the east', () => {
	test('sees nothing of the west, by any path that reads', async () => {
		let told = 0;
		for (const r of routes.filter((x) => x.method === 'GET' && !/stream$|metrics$|livez$|readyz$/.test(x.path) && x.path !== '/api/v1')) {
			const path = west(r.path) + (QUERIES[r.path] ?? '');
			const [all, hers] = [await depotd.api('GET', path), await east.ask('GET', path)];
			// What is asked for may stand in the words of the refusal.
			if (hers.status === 200) assert.doesNotMatch(hers.text, WEST, `${path} (${r.reach})`);
			else assert.ok([403, 404, 400, 409, 503].includes(hers.status), `${path}: ${hers.status} ${hers.text}`);
			if (all.status === 200 && (WEST.test(all.text) || path !== r.path) && r.reach !== 'all') {
				told++;
				if (path !== r.path) assert.ok([403, 404].includes(hers.status), `${path} (${r.reach}): ${hers.status} ${hers.text.slice(0, 300)}`);
			}
		}
		assert.ok(told > 35, `only ${told} paths told of the west to those who may see it`);
	});

	test('learns nothing of the west by a search, a page\'s end or a count', async () => {
		const search = async (path) => (await east.ask('GET', path)).text;
		for (const pairs of ['', '&pairs=1']) {
			assert.match((await depotd.api('GET', `/wire?limit=1&text=A0A0A0A0${pairs}`)).text, /W-1/, 'it is there');
			assert.equal(await search(`/wire?limit=1&text=A0A0A0A0${pairs}`), await search(`/wire?limit=1&text=B0B0B0B0${pairs}`));
		}
		for (const [i, id] of ['E-1', 'W-1'].entries()) {
			await peers[i].call('StatusNotification', { timestamp: new Date().toISOString(), connectorStatus: 'Faulted', evseId: 1, connectorId: 1 });
			await until(`a plan for ${id}`, async () => (await depotd.api('GET', '/plans')).text.includes(` at ${id}/`));
		}
		assert.doesNotMatch(await search('/plans'), WEST);
		assert.match(await search('/plans'), / at E-1\//);
		const [mine] = (await east.ask('GET', '/transactions?limit=1')).json.transactions;
		assert.equal(mine?.station, 'E-1', 'her page is full of what is hers');
		assert.equal((await east.ask('GET', '/transactions?limit=1000')).json.sentence, (await east.ask('GET', '/transactions?station=E-1')).json.sentence);
	});

	test('sees what is hers, and the line of nodes above', async () => {
		const o = (await east.ask('GET', '/overview')).json;
		assert.deepEqual(o.tree.nodes.map((n) => n.id).sort(), ['east', 'site']);
		assert.deepEqual([o.stations.map((s) => s.id), o.vehicles.map((v) => v.id), o.meters.map((m) => m.id)], [['E-1'], ['VAN-E'], ['M-EAST']]);
		assert.equal((await east.ask('GET', '/stations/E-1')).status, 200);
		assert.equal((await east.ask('GET', '/journal?stream=station/E-1')).status, 200);
		assert.match((await east.ask('GET', '/journal')).json.detail, /of which station/);
		assert.deepEqual((await east.ask('GET', '/transactions')).json.transactions.map((t) => t.station), ['E-1']);
		assert.equal((await east.ask('GET', '/nodes/site/limits')).status, 200);
	});

	/* What their bodies need to be one that could be done. */
	const why = { why: 'test' }, block = [{ start: new Date().toISOString(), end: new Date(Date.now() + 3600e3).toISOString(), import_w: 1000 }];
	const reset = { action: 'Reset', payload: { type: 'OnIdle' } };
	const BODIES = {
		'POST /stations/{id}/calls': reset, 'POST /stations/{id}/commands': reset, 'POST /stations/{id}/commands/try': reset,
		'PUT /stations/{id}': { node: 'east' }, 'POST /envelopes': { node: 'west', why: 'x', blocks: block }, 'POST /envelopes/try': { node: 'west', why: 'x', blocks: block },
		'POST /variables': { component: 'OCPPCommCtrlr', variable: 'HeartbeatInterval', value: '60', stations: ['E-1', 'W-1'] },
		'POST /authorization-cache/clear': { stations: ['W-1'] }, 'POST /password-rotation': { stations: ['W-1'], ...why },
		'POST /meters/walk': { station: 'W-1', evse: 1, consent: true }, 'POST /campaigns': { firmware: 'x', stations: ['W-1'], ...why },
		'POST /reservations': { station: 'W-1', token: 'X', expires: block[0].end }, 'PUT /nodes/{id}/mode': { mode: 'shadow', ...why },
		'POST /plans/{id}/approve': { node: 'west', ...why }, 'POST /plans/{id}/reject': { node: 'west', ...why },
		'POST /vehicles/{id}/soc': { pct: 50 },
		'PUT /grid/nodes/{id}': { id: 'west', kind: 'feeder', parent: 'east', limit_w: 50000 },
	};

	test('moves nothing of the west, by any path that changes', async () => {
		for (const r of routes.filter((x) => x.method !== 'GET' && x.reach !== 'all')) {
			const key = `${r.method} ${r.path.replace('/api/v1', '')}`;
			const got = await east.ask(r.method, west(r.path), BODIES[key] ?? {});
			assert.equal(got.status, 403, `${key} (${r.reach}): ${got.status} ${got.text}`);
			assert.match(got.json.detail, /only below east/, key);
		}
	});

	test('one audit line for each refusal, with why', async () => {
		const lines = async () => (await depotd.api('GET', '/audit?who=user:eva&refused=1&limit=500')).json.rows.filter((r) => r.payload.path?.endsWith('/W-1/logs'));
		const had = (await lines()).length;
		assert.equal((await east.ask('POST', '/stations/W-1/logs')).status, 403);
		assert.equal((await depotd.api('PUT', '/users/last', { role: 'viewer' })).status, 200, 'written behind it');
		const now = await lines();
		assert.equal(now.length, had + 1);
		assert.match(now[0].why, /only below east/);
	});

	test('is not told of the west by the stream', async () => {
		const text = await new Promise((ok, bad) => {
			const req = https.request({ host: '127.0.0.1', port: depotd.ports.console, path: '/api/v1/stream', rejectUnauthorized: false, headers: { host: `localhost:${depotd.ports.console}`, cookie: east.cookie } }, (res) => {
				let out = '';
				res.on('data', (d) => {
					out += d;
					if ((out.match(/event: overview/g) ?? []).length >= 2) {
						req.destroy();
						ok(out);
					}
				});
			});
			req.on('error', bad);
			req.end();
			// Something of each side changes meanwhile.
			until('a change', async () => {
				for (const p of peers) p.call('StatusNotification', { timestamp: new Date().toISOString(), connectorStatus: 'Faulted', evseId: 1, connectorId: 1 }).catch(() => {});
				return true;
			}).catch(bad);
		});
		assert.match(text, /E-1/);
		assert.doesNotMatch(text, WEST);
	});

	test('API tokens too; listed with their nodes and their last use, which outlives depotd', async () => {
		assert.equal((await depotd.api('POST', '/api-tokens', { name: 'x', role: 'viewer', nodes: ['nowhere'] })).status, 422);
		const { id, token } = (await depotd.api('POST', '/api-tokens', { name: 'board of the east', role: 'operator', nodes: ['east'], days: 2 })).json;
		const list = async () => (await depotd.api('GET', '/api-tokens')).json.tokens.find((t) => t.id === id);
		assert.deepEqual([(await list()).nodes, (await list()).used_at], [['east'], undefined]);
		const ask = (m, p, b) => depotd.https(m, p, b, { authorization: `Bearer ${token}`, 'content-type': 'application/json' });
		const check = async () => {
			assert.deepEqual((await ask('GET', '/stations')).json.stations.map((s) => s.id), ['E-1']);
			assert.equal((await ask('POST', '/stations/W-1/commands', reset)).status, 403);
		};
		await check();
		const used = await list();
		assert.deepEqual([used.used_from, Math.abs(Date.parse(used.used_at) - Date.now()) < 60000], ['127.0.0.1', true]);
		await depotd.stop();
		await depotd.start();
		assert.deepEqual([(await list()).nodes, (await list()).used_from], [['east'], '127.0.0.1']);
		await check();
		assert.ok(!JSON.stringify((await depotd.api('GET', '/api-tokens')).json).includes(token));
		assert.equal((await depotd.api('DELETE', `/api-tokens/${id}`)).status, 200);
		assert.equal((await ask('GET', '/stations')).status, 401);
	});
});
