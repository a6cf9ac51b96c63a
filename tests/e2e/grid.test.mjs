// The tree and its meters, changed while they are in force: by API, by depotctl, from a file.
import test from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, Depotd, sleep, until } from './harness.mjs';
import { booted } from './peer.mjs';

const DEPOT = `
depot: test
name: Test depot
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 60000}
  - {id: yard, kind: feeder, parent: site, limit_w: 30000}
  - {id: hall, kind: feeder, parent: site, limit_w: 20000}
stations:
  - {id: CP-1, node: yard, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, tail_w: 4140}, {id: 2, kind: ac, max_w: 22000, min_w: 4140, tail_w: 4140}]}
`;

/** A Modbus TCP meter that answers each register pair of a read with `watts` as a float. */
async function meter(watts) {
	const m = { watts, open: 0, unit: 0 };
	m.server = net.createServer((s) => {
		m.open++;
		s.on('close', () => m.open--);
		s.on('error', () => {});
		s.on('data', (d) => {
			const count = d.readUInt16BE(10), body = Buffer.alloc(9 + 2 * count);
			m.unit = d[6];
			d.copy(body, 0, 0, 4);
			body.writeUInt16BE(3 + 2 * count, 4);
			body[6] = d[6];
			body[7] = d[7];
			body[8] = 2 * count;
			for (let i = 0; i + 1 < count; i += 2) body.writeFloatBE(m.watts, 9 + 2 * i);
			s.write(body);
		});
	}).listen(0, '127.0.0.1');
	await until('the meter', () => m.server.listening);
	m.row = (id, more = {}) => ({ id, map: 'eastron-sdm630', tcp: { host: '127.0.0.1', port: m.server.address().port }, poll_ms: 200, ...more });
	return m;
}

async function depotd(t, options = {}) {
	const d = await new Depotd({ depot: DEPOT, config: 'meter_hosts: [127.0.0.1]\n', ...options }).start();
	t.after(() => d.clean());
	return d;
}

function ctl(d, ...args) {
	const r = spawnSync(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), ...args], { encoding: 'utf8', timeout: 20000 });
	return { code: r.status, out: r.stdout, err: r.stderr };
}

const grid = async (d) => (await d.api('GET', '/grid')).json;
const node = async (d, id) => (await d.api('GET', '/tree')).json.nodes.find((n) => n.id === id);
const changes = async (d) => (await d.api('GET', '/journal?type=GridChanged')).json.events;

test('a limit changes while a van charges: it holds at once, and is journalled with who, why, before and after', async (t) => {
	const d = await depotd(t);
	const limits = [];
	const s = await booted(d, 'CP-1', { registration: { node: 'yard', evses: 2 }, handlers: {
		SetChargingProfile: ({ chargingProfile: p }) => {
			if (p.chargingProfilePurpose === 'TxProfile') limits.push(p.chargingSchedule[0].chargingSchedulePeriod[0].limit);
			return { status: 'Accepted' };
		},
	} });
	await s.call('TransactionEvent', {
		eventType: 'Started', timestamp: new Date().toISOString(), triggerReason: 'CablePluggedIn', seqNo: 0,
		transactionInfo: { transactionId: 'tx', chargingState: 'EVConnected' }, evse: { id: 1, connectorId: 1 },
	});
	await until('more than 20 kW', () => limits.at(-1) > 20000, 60000);
	const r = await d.api('PUT', `/grid/nodes/yard?why=${encodeURIComponent('smaller fuse')}`, { id: 'yard', kind: 'feeder', parent: 'site', limit_w: 12000 });
	assert.deepEqual([r.status, r.json.changed, r.json.in_force], [200, 1, true], r.text);
	await until('less', () => limits.at(-1) < 12000);
	assert.ok(limits.at(-1) > 4000);
	assert.equal((await node(d, 'yard')).limit_w, 12000);
	const [e] = await changes(d);
	assert.equal(e.payload.why, 'smaller fuse');
	assert.match(e.actor, /^(user|socket|local)/);
	assert.equal(e.payload.edits.length, 1);
	assert.equal(JSON.parse(e.payload.edits[0].before).limit_w, 30000);
	assert.equal(JSON.parse(e.payload.edits[0].after).limit_w, 12000);
	s.close();
});

test('an unsafe change is refused with the node and the sum, a wrong one with its field; nothing changes', async (t) => {
	const d = await depotd(t);
	const before = await grid(d);
	const put = (id, row, query = '') => d.api('PUT', `/grid/nodes/${id}${query}`, { id, kind: 'feeder', parent: 'site', ...row });
	for (const query of ['', '?check=1']) {
		const r = await put('yard', { limit_w: 8000 }, query);
		assert.equal(r.status, 409);
		assert.match(r.json.detail, /yard.*8280 W.*8000 W/);
	}
	const rows = [
		[await put('yard', { limit_w: -1 }), 400, 'limit_w'],
		[await put('yard', { meter: 'nope' }), 400, 'meter', /no meter "nope"/],
		[await put('yard', { parent: 'nowhere' }), 409, undefined, /yard.*nowhere/],
		[await put('yard', { parent: 'yard' }), 409, undefined, /yard/],
		[await d.api('PUT', '/grid/nodes/yard', { id: 'other', kind: 'feeder' }), 400, 'id'],
		[await d.api('DELETE', '/grid/nodes/yard'), 409, undefined, /^node yard stays: CP-1.* on it, by the depot's file; give another .node. there/],
		[await d.api('DELETE', '/grid/nodes/site'), 409, undefined, /^node site stays: .*yard.* hang.* below it; remove them first/],
		[await d.api('DELETE', '/grid/nodes/nope'), 404],
		[await d.api('DELETE', '/grid/meters/nope'), 404],
		[await d.api('PUT', '/grid/meters/m', { id: 'm', map: 'no-such-map', tcp: { host: '127.0.0.1' } }), 400, 'map', /no-such-map/],
		[await d.api('PUT', '/grid/meters/m', { id: 'm', map: 'eastron-sdm630' }), 400, undefined, /tcp.*rtu/],
		[await d.api('PUT', '/grid', { ...before, revision: 'old' }), 409, 'revision', /read it again/],
		[await d.api('PUT', '/grid', { nodes: [] }), 400, 'nodes'],
	];
	for (const [r, status, path, words] of rows) {
		assert.equal(r.status, status, r.text);
		if (path) assert.equal(r.json.path, path, r.text);
		if (words) assert.match(r.json.detail, words);
	}
	assert.deepEqual(await grid(d), before);
	assert.equal((await changes(d)).length, 0);
});

test('the tree as text: complaints name the line, a check changes nothing; settings stand beside their defaults', async (t) => {
	const d = await depotd(t);
	const text = (yard) => `nodes:\n  - {id: site, kind: site, limit_w: 60000}\n  - {id: yard, kind: feeder, parent: site, limit_w: ${yard}}\n  - {id: hall, kind: feeder, parent: site, limit_w: 20000}\n`;
	const post = (query, t) => d.api('POST', `/grid/text${query}`, { text: t });
	let r = await post('', text(-5));
	assert.equal(r.status, 400);
	assert.match(r.json.detail, /^line:3: nodes\[1\]\.limit_w: /);
	r = await post('', text(30000).replace('parent: site', 'parent: nowhere'));
	assert.match(r.json.detail, /^line:3: nodes\[1\].*nowhere/);
	r = await post('', 'nodes: [');
	assert.match(r.json.detail, /^line:\d+: /);
	r = await post('?check=1', text(26000));
	assert.deepEqual([r.status, r.json.changed, r.json.in_force], [200, 1, false]);
	assert.equal((await changes(d)).length, 0);
	let s = (await d.api('GET', '/settings')).json;
	assert.deepEqual([s.sentence, s.changed], ['The depot is as its file says.', 0]);
	assert.deepEqual([s.values.depot, s.values.meter_hosts, s.presets.meter_hosts], ['depot.yaml', ['127.0.0.1'], undefined]);
	r = await post('?why=new%20fuse', text(26000));
	assert.deepEqual([r.status, r.json.in_force], [200, true]);
	assert.equal((await changes(d))[0].payload.why, 'new fuse');
	s = (await d.api('GET', '/settings')).json;
	assert.equal(s.sentence, "1 row differs from the depot's file.");
	assert.ok(ctl(d, 'grid').out.startsWith(`# ${s.sentence}\n`));
	const { token } = (await d.api('POST', '/api-tokens', { name: 'v', role: 'viewer' })).json;
	for (const [method, path] of [['GET', '/settings'], ['POST', '/grid/text']])
		assert.equal((await d.https(method, path, method === 'POST' ? { text: text(1) } : undefined, { authorization: `Bearer ${token}` })).status, 403, path);
});

test('only admins change the tree; the same key does it once', async (t) => {
	const d = await depotd(t);
	const token = async (role) => (await d.api('POST', '/api-tokens', { name: role, role })).json.token;
	const row = { id: 'roof', kind: 'feeder', parent: 'site', limit_w: 5000 };
	for (const role of ['viewer', 'operator']) {
		const r = await d.https('PUT', '/grid/nodes/roof', row, { authorization: `Bearer ${await token(role)}` });
		assert.equal(r.status, 403, role);
	}
	const auth = { authorization: `Bearer ${await token('admin')}`, 'idempotency-key': 'k1' };
	assert.equal((await d.https('PUT', '/grid/nodes/roof', row, auth)).json.changed, 1);
	assert.equal((await d.https('PUT', '/grid/nodes/roof', row, auth)).json.changed, 1);
	assert.equal((await changes(d)).length, 1);
	assert.equal((await d.https('PUT', '/grid/nodes/roof', row, { ...auth, 'idempotency-key': 'k2' })).json.changed, 0);
});

test('changes live on after a restart and after kill -9; another file takes their place, and the journal names them', async (t) => {
	const d = await depotd(t);
	assert.equal((await d.api('PUT', '/grid/nodes/yard', { id: 'yard', kind: 'feeder', parent: 'site', limit_w: 25000 })).status, 200);
	assert.equal((await d.api('PUT', '/grid/nodes/roof', { id: 'roof', kind: 'load', parent: 'site', limit_w: 5000 })).status, 200);
	assert.equal((await d.api('DELETE', '/grid/nodes/hall')).status, 200);
	const changed = await grid(d);
	assert.deepEqual(changed.nodes.map((n) => n.id), ['site', 'yard', 'roof']);
	await d.stop('SIGKILL');
	await d.start();
	assert.deepEqual(await grid(d), changed);
	assert.equal((await node(d, 'yard')).limit_w, 25000);
	/* and it goes on from there */
	assert.equal((await d.api('DELETE', '/grid/nodes/roof')).json.changed, 1);
	await d.stop();
	await d.start();
	assert.deepEqual((await grid(d)).nodes.map((n) => n.id), ['site', 'yard']);
	await d.stop();
	/* what else changes in the file is none of the tree's */
	const other = DEPOT.replace(/^name: .*$/m, 'name: Another name');
	assert.notEqual(other, DEPOT);
	writeFileSync(join(d.dir, 'depot.yaml'), other);
	await d.start();
	assert.deepEqual((await grid(d)).nodes.map((n) => n.id), ['site', 'yard']);
	await d.stop();
	writeFileSync(join(d.dir, 'depot.yaml'), DEPOT.replace('60000', '70000'));
	await d.start();
	const file = await grid(d);
	assert.deepEqual(file.nodes.map((n) => [n.id, n.limit_w]), [['site', 70000], ['yard', 30000], ['hall', 20000]]);
	const loaded = (await d.api('GET', '/journal?type=DepotLoaded')).json.events.map((e) => e.payload.dropped ?? []);
	assert.deepEqual(loaded.flat().sort(), ['node hall', 'node roof', 'node yard']);
	assert.match(d.logged(), /takes the place of what was changed of node roof/);
	await d.stop();
	await d.start();
	assert.deepEqual(await grid(d), file);
	await d.stop();
	const check = spawnSync(join(BUILD, 'depotctl'), ['rebuild', '--check', '--data', d.data], { encoding: 'utf8' });
	assert.equal(check.status, 0, check.stderr);
});

test('two at once: one is told to look again, none is lost', async (t) => {
	const d = await depotd(t);
	const { revision, nodes } = await grid(d);
	const put = (w) => d.api('PUT', '/grid', { revision, nodes: nodes.map((n) => (n.id === 'yard' ? { ...n, limit_w: w } : n)) });
	const all = await Promise.all([put(21000), put(22000), put(23000)]);
	assert.deepEqual(all.map((r) => r.status).sort(), [200, 409, 409]);
	const won = all.find((r) => r.status === 200);
	assert.equal((await grid(d)).revision, won.json.revision);
	assert.equal((await changes(d)).length, 1);
});

test('meters come, change and go without a restart', async (t) => {
	const m = await meter(1234), other = await meter(4321);
	t.after(() => [m, other].forEach((x) => x.server.close()));
	const d = await depotd(t);
	for (const [place, words] of [
		[{ rtu: { device: '/etc/passwd' } }, /no serial line/], [{ rtu: { device: '/dev/tty' } }, /no serial line/],
		[{ tcp: { host: '8.8.8.8', port: 22 } }, /no private address.*meter_hosts/], [{ tcp: { host: '169.254.169.254' } }, /no private address/],
	]) {
		const r = await d.api('PUT', '/grid/meters/far', { id: 'far', map: 'abb-b23', ...place });
		assert.deepEqual([r.status, r.json.path], [400, Object.keys(place)[0] === 'rtu' ? 'rtu.device' : 'tcp.host'], r.text);
		assert.match(r.json.detail, words);
	}
	assert.equal((await d.api('PUT', '/grid/meters/far?check=1', { id: 'far', map: 'abb-b23', tcp: { host: '10.1.2.3' } })).status, 200);
	const reading = async (id) => (await d.api('GET', '/meters')).json.meters.find((x) => x.id === id);
	assert.equal((await d.api('PUT', '/grid/meters/main', m.row('main'))).status, 200);
	await until('its reading', async () => (await reading('main'))?.power_w === 1234);
	/* a node takes it */
	const { nodes } = await grid(d);
	assert.equal((await d.api('PUT', '/grid/nodes/site', { ...nodes[0], meter: 'main' })).status, 200);
	assert.equal(m.open, 1, 'the link was not closed for a change of a node');
	await until('the load of the node', async () => (await node(d, 'site')).load_w === 1234);
	assert.match((await d.api('DELETE', '/grid/meters/main')).json.detail, /no meter "main"/);
	/* another address: the old link ends, the new one begins */
	assert.equal((await d.api('PUT', '/grid/meters/main', other.row('main', { unit: 7 }))).status, 200);
	await until('the other meter', async () => (await reading('main')).power_w === 4321);
	await until('the old link to close', () => m.open === 0);
	assert.equal(other.unit, 7);
	/* one meter, one node; and what only it knows of must be described before it goes */
	const twice = await d.api('PUT', '/grid/nodes/yard', { ...nodes[1], meter: 'main' });
	assert.deepEqual([twice.status, twice.json.path], [400, 'meter'], twice.text);
	assert.match(twice.json.detail, /"main" measures node "site" already/);
	await until('the load is known', async () => (await node(d, 'site')).load_source === 'meter');
	const blind = await d.api('PUT', '/grid/nodes/site', nodes[0]);
	assert.equal(blind.status, 409, blind.text);
	assert.match(blind.json.detail, /meter of site shows [1-4]\d{3} W of other load, and 0 W are described below site/);
	assert.equal((await d.api('PUT', '/grid/nodes/site', { ...nodes[0], reserve_w: 5000 })).status, 200);
	assert.equal((await d.api('DELETE', '/grid/meters/main')).status, 200);
	await until('the link to close', () => other.open === 0);
	assert.deepEqual((await d.api('GET', '/meters')).json.meters, []);
});

test('a node on which a limit stands does not go', async (t) => {
	const d = await depotd(t);
	const limit = await d.api('POST', '/envelopes', { node: 'hall', owner: 'openadr/vtn-1', grid: true, blocks: [
		{ start: new Date().toISOString(), end: new Date(Date.now() + 3600e3).toISOString(), import_w: 9000 }] });
	assert.equal(limit.status, 200, limit.text);
	const r = await d.api('DELETE', '/grid/nodes/hall');
	assert.equal(r.status, 409, r.text);
	assert.match(r.json.detail, new RegExp(`limit of openadr/vtn-1 stands on hall \\(envelope ${limit.json.id}\\)`));
	assert.equal((await d.api('DELETE', `/envelopes/${limit.json.id}?why=done`)).status, 200);
	assert.equal((await d.api('DELETE', '/grid/nodes/hall')).status, 200);
});

test('a meter that does not answer holds up nobody when it is taken away', async (t) => {
	const silent = net.createServer(() => {}).listen(0, '127.0.0.1');
	await until('the port', () => silent.listening);
	t.after(() => silent.close());
	const d = await depotd(t);
	const row = { id: 'dead', map: 'eastron-sdm630', tcp: { host: '127.0.0.1', port: silent.address().port }, poll_ms: 100, timeout_ms: 5000 };
	assert.equal((await d.api('PUT', '/grid/meters/dead', row)).status, 200);
	await until('a connection', async () => (await d.api('GET', '/meters')).json.meters.length === 1 && (await new Promise((ok) => silent.getConnections((_, n) => ok(n)))) === 1);
	await sleep(300); /* in the middle of a read */
	assert.equal((await d.api('DELETE', '/grid/meters/dead')).status, 200);
	const start = Date.now();
	for (let i = 0; i < 20; i++) assert.equal((await d.api('GET', '/livez')).status, 200);
	assert.ok(Date.now() - start < 4000, 'the loop waited for the meter');
	assert.equal((await d.stop()).code, 0);
});

test('depotctl grid: shows YAML that it takes again, changes rows, applies a file and names its lines', async (t) => {
	const d = await depotd(t);
	const shown = ctl(d, 'grid');
	assert.equal(shown.code, 0, shown.err);
	assert.match(shown.out, /- \{id: yard, kind: feeder, parent: site, limit_w: 30000/);
	const file = join(d.dir, 'grid.yaml');
	writeFileSync(file, shown.out);
	assert.match(ctl(d, 'grid', 'apply', file).out, /nothing differs/);
	let r = ctl(d, 'grid', 'node', 'yard', 'limit_w=26000', 'name="The yard: east"', '--why', 'new fuse');
	assert.match(r.out, /in force \(1 row\)/, r.err);
	assert.match(ctl(d, 'grid', 'node', 'yard').out, /limit_w: 26000.*|name: "The yard: east"/);
	assert.equal((await changes(d))[0].payload.why, 'new fuse');
	assert.match(ctl(d, 'grid', 'node', 'yard', 'name=', '--check').out, /nothing was changed yet/);
	assert.match(ctl(d, 'grid', 'node', 'roof', 'kind=load', 'parent=site', 'limit_w=4000').out, /in force/);
	assert.match(ctl(d, 'grid', 'remove', 'node', 'roof').out, /in force/);
	r = ctl(d, 'grid', 'node', 'yard', 'limit_w=lots');
	assert.deepEqual([r.code, /limit_w: must be/.test(r.err)], [2, true], r.err);
	r = ctl(d, 'grid', 'node', 'yard', 'colour=red');
	assert.match(r.err, /colour/);
	r = ctl(d, 'grid', 'node', 'yard', 'meter=ocpp:ZZ', '--check');
	assert.match(r.out + r.err, /there is no station "ZZ" yet/);
	assert.equal(ctl(d, 'grid', 'node', 'yard', 'limit_w').code, 2);
	assert.equal(ctl(d, 'grid', 'node', 'nope').code, 1);
	r = ctl(d, 'grid', 'node', 'nope', 'limit_w=5');
	assert.deepEqual([r.code, /there is no node "nope".*kind: is missing/.test(r.err)], [2, true], r.err);
	/* a file, judged first */
	writeFileSync(file, shown.out.replace('limit_w: 20000', 'limit_w: 15000'));
	r = ctl(d, 'grid', 'apply', file, '--check');
	assert.match(r.out, /~ node hall -limit_w=20000 \+limit_w=15000/, r.err);
	assert.match(r.out, /nothing was changed yet \(2 rows\)/);
	assert.match(ctl(d, 'grid', 'apply', file).out, /in force \(2 rows\)/);
	writeFileSync(file, shown.out.replace('limit_w: 20000', 'meter: nope'));
	assert.match(ctl(d, 'grid', 'apply', file).err, /grid\.yaml:6: nodes\[2\]\.meter: there is no meter "nope"/);
	writeFileSync(file, shown.out.replace('limit_w: 20000', 'limit_w: many'));
	assert.match(ctl(d, 'grid', 'apply', file).err, /grid\.yaml:6: nodes\[2\]\.limit_w/);
	writeFileSync(file, shown.out.replace('limit_w: 30000', 'limit_w: 8000'));
	assert.match(ctl(d, 'grid', 'apply', file).err, /grid\.yaml:5: nodes\[1\]: .*yard.*8280 W.*8000 W/);
	writeFileSync(file, shown.out.replace('parent: site', 'parent: yard'));
	assert.match(ctl(d, 'grid', 'apply', file).err, /grid\.yaml:5: nodes\[1\]: .*yard/);
	/* the depot's own file is taken too: its tree and meters */
	r = ctl(d, 'grid', 'apply', join(d.dir, 'depot.yaml'));
	assert.match(r.out, /in force/);
	assert.match(r.err, /only nodes and meters/);
	assert.equal(ctl(d, '--json', 'grid').out.trim(), JSON.stringify(await grid(d)));
	assert.match(readFileSync(join(d.dir, 'depot.yaml'), 'utf8'), /limit_w: 30000/);
});

test('a rating that goes is told with what it guarded; the last one above EVSEs stays unless forced', async (t) => {
	const d = await depotd(t);
	const [site, yard] = (await grid(d)).nodes;
	const bare = ({ limit_w, ...row }) => row;
	let r = await d.api('PUT', '/grid/nodes/yard?check=1', { ...yard, limit_w: 29000 });
	assert.deepEqual([r.status, r.json.warning], [200, undefined], r.text);
	for (const query of ['?check=1', '']) {
		r = await d.api('PUT', `/grid/nodes/site${query}`, bare(site));
		assert.deepEqual([r.status, r.json.warning], [200, 'limit_w of site (60000 W) is gone: its power is not guarded'], r.text);
	}
	r = await d.api('PUT', '/grid/nodes/yard', { ...bare(yard), limit_a: 63 });
	assert.match(r.json.warning, /^limit_w of yard \(30000 W\) is gone/, r.text);
	/* its phases are all that is left */
	const before = await grid(d);
	for (const query of ['?check=1', '', '?force=0']) {
		r = await d.api('PUT', `/grid/nodes/yard${query}`, bare(yard));
		assert.equal(r.status, 409, r.text);
		assert.match(r.json.detail, /no node above CP-1\/1 and others would have limit_w or limit_a any more.*yard carries.*force=1/);
	}
	r = ctl(d, 'grid', 'node', 'yard', 'limit_a=');
	assert.deepEqual([r.code !== 0, /--yes/.test(r.err)], [true, true], r.err);
	assert.deepEqual(await grid(d), before);
	r = ctl(d, 'grid', 'node', 'yard', 'limit_a=', '--yes', '--why', 'a test bench');
	assert.match(r.out, /in force \(1 row\)/, r.err);
	assert.match(r.err, /warning: limit_a of yard \(63 A\) is gone: its phases are not guarded\n/);
	/* where there was none, none is missed */
	assert.equal((await d.api('PUT', '/grid/nodes/yard', { ...bare(yard), name: 'Yard' })).status, 200);
});

test('a station that is registered with what is seldom meant is told so in the answer', async (t) => {
	const van = 'vehicles:\n  - {id: V, battery_wh: 60000, max_ac_w: 7400, max_dc_w: 0, phases: 1, departs: "06:00"}\n';
	const d = await depotd(t, { depot: DEPOT.replace('id: hall, kind: feeder, parent: site, limit_w: 20000', 'id: hall, kind: feeder, parent: site, limit_a: 40') + van });
	const evse = { id: 1, kind: 'ac', max_w: 11000, min_w: 1380, tail_w: 1380 };
	const put = async (row, node) => (await d.api('PUT', '/stations/CP-9', { node, evses: [row] })).json;
	assert.match((await put(evse, 'yard')).text, /^Stored\. But mind CP-9\/1: a tail of 1380 W on 3 phases is 2\.0 A on each.*set 4140 \(6 A\)/);
	assert.equal((await put({ ...evse, tail_w: 4140 }, 'yard')).text, undefined);
	const blind = await put({ ...evse, tail_w: 4140 }, 'hall');
	assert.match(blind.text, /^Stored\. But mind CP-9\/1: nobody wrote on which phases of the grid it hangs.*each phase of hall.*set rotation/);
	assert.equal((await put({ ...evse, tail_w: 4140, rotation: 'RST' }, 'hall')).text, undefined);
	const set = (evse) => ctl(d, 'set-station', 'CP-9', '--evse', evse);
	assert.match(set('1:ac:11000:1380:3:4140:1').out, /^Stored\. But mind CP-9\/1: nobody wrote/);
	assert.equal(set('1:ac:11000:1380:3:4140:1:STR').out, 'Stored.\n');
	assert.ok((await d.api('GET', '/journal?type=StationRegistered')).json.events.some((e) => e.payload.evses[0].rotation === 'STR'));
	assert.equal(set('1:ac:11000:TRS').out, 'Stored.\n');
	for (const odd of ['1:ac:11000:XYZ', '1:ac:RST', '1:ac:11000:1380:'])
		assert.match(set(odd).err, /must read ID:ac\|dc:MAX_W/);
});
