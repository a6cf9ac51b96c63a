// OSCP 2.0: depotd as Flexibility Provider of an independent Capacity Provider (tests/oscp), over
// real HTTPS in both directions.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILD, Depotd, sleep, until } from './harness.mjs';
import { booted } from './peer.mjs';
import { Provider, block, makeCertificates } from '../oscp/provider.mjs';

const certificates = mkdtempSync(join(tmpdir(), 'oscp-test-'));
const files = makeCertificates(certificates);

const DEPOT = `
depot: test
name: Test depot
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 60000, meter: "ocpp:CP-M"}
  - {id: feeder, kind: feeder, parent: site, limit_w: 50000}
oscp:
  peers:
    - {id: dso, name: Grid operator, groups: [{group: G1, node: site}], ca: ${files.ca}, heartbeat_s: 1, measure_s: 1}
    - {id: dso2, groups: [{group: G2, node: feeder}], ca: ${files.ca}, heartbeat_s: 1, measure_s: 1}
`;

let depotd, dso, dso2, station, main, metering;
const limits = [];

before(async () => {
	depotd = await new Depotd({ depot: DEPOT, config: 'control:\n  envelopes: ask\n  guard_ms: 200\n  replan_s: 5\nlimits:\n  auth_failures_per_min: 12\n' }).start();
	const ca = readFileSync(depotd.root());
	dso = await new Provider(files, ca, { name: 'dso' }).listen();
	dso2 = await new Provider(files, ca, { name: 'dso2' }).listen();
});

after(async () => {
	for (const p of [dso, dso2]) await p?.die().catch(() => {});
	clearInterval(metering);
	station?.close();
	main?.close();
	await depotd?.clean();
	rmSync(certificates, { recursive: true, force: true });
});

const peer = async (id) => (await depotd.api('GET', '/oscp/peers')).json.peers.find((p) => p.id === id);
const state = (id, want) => until(`${id} to be ${want}`, async () => (await peer(id)).state === want);
const online = (id, want = true) => until(`${id} to be ${want ? 'online' : 'offline'}`, async () => (await peer(id)).online === want, 15000);

/** Envelopes that are not over, by the journal. */
async function envelopes(type) {
	const all = new Map();
	const events = [];
	for (let page; !page || page.length === 1000; events.push(...page)) page = (await depotd.api('GET', `/journal?stream=envelope/&limit=1000&after=${events.at(-1)?.seq ?? 0}`)).json.events;
	for (const { stream, type: event, payload: p } of events) {
		const e = all.get(stream) ?? all.set(stream, {}).get(stream);
		if (event === 'EnvelopeReceived') Object.assign(e, p);
		if (event === 'EnvelopeReplaced') e.blocks = p.blocks;
		if (event === 'EnvelopeMoved') e.state = p.state;
	}
	return [...all.values()].filter((e) => !['expired', 'withdrawn', 'refused'].includes(e.state) && (!type || e.type === type));
}

const fair = (...all) => all.forEach((p) => assert.deepEqual(p.violations, [], p.name));

/** Not synchronous: the providers of this process have to answer meanwhile. */
const ctl = (...args) => new Promise((ok) => {
	execFile(join(BUILD, 'depotctl'), ['--socket', join(depotd.data, 'depotd.sock'), ...args], { timeout: 20000 },
		(e, out, err) => ok({ code: e?.code ?? 0, out, err }));
});

// -- registration ---------------------------------------------------------------------------------

test('what is not known yet is said in words: list, next step, unknown provider', async () => {
	const p = await peer('dso');
	assert.equal(p.state, 'ended');
	assert.equal(p.endpoint, `https://localhost:${depotd.ports.console}/oscp/fp/2.0`);
	assert.match(p.next, /depotctl oscp add/);
	assert.deepEqual(p.groups, [{ group: 'G1', node: 'site' }]);
	const r = await depotd.api('POST', '/oscp/peers', { peer: 'nobody' });
	assert.equal(r.status, 404);
	assert.match(r.json.detail, /oscp\.peers/);
	assert.match((await ctl('oscp')).out, /dso .*G1 on site.*not registered/);
	assert.equal((await ctl('oscp', 'remove', 'dso')).code, 1);
});

test('registration begun by the provider: TOKEN_A is shown once, serves Register only, and is dead after', async () => {
	const r = await depotd.api('POST', '/oscp/peers', { peer: 'dso' });
	assert.equal(r.status, 200, r.text);
	const { token, endpoint } = r.json;
	assert.ok(token.length >= 48);
	assert.match(r.json.next, /Register/);
	assert.equal((await peer('dso')).token, undefined);
	dso.peerUrl = endpoint;
	assert.equal((await dso.handshake({ token })).status, 403, 'TOKEN_A is for Register only');
	const old = await dso.post('register', { token: 'x'.repeat(40), version_url: [{ version: '3.1', base_url: dso.url }] }, { token });
	assert.equal(old.status, 501);
	assert.match(JSON.parse(old.text).message, /2\.0/);
	assert.match(old.headers['x-error-message'], /2\.0/);
	assert.equal((await dso.registerAt(endpoint, token)).status, 204);
	await state('dso', 'registered');
	await until('TOKEN_C', () => dso.peerToken);
	assert.notEqual(dso.peerToken, token);
	assert.equal(dso.peerUrl, endpoint);
	assert.equal((await dso.post('register', { token: 'y'.repeat(40), version_url: [{ version: '2.0', base_url: dso.url }] }, { token })).status, 401, 'TOKEN_A must be dead');
	assert.equal((await dso.handshake({ token })).status, 401);
	fair(dso);
});

test('registration begun by us: with the address and the token that it made', async () => {
	const offer = dso2.offer();
	assert.match((await ctl('oscp', 'add', 'dso2', '--endpoint', offer.url)).err, /both/);
	assert.equal((await depotd.api('POST', '/oscp/peers', { peer: 'dso2', url: 'http://localhost:1/x', token: offer.token })).status, 409, 'tokens go by TLS only');
	const r = await ctl('oscp', 'add', 'dso2', '--endpoint', offer.url, '--provider-token', offer.token);
	assert.equal(r.code, 0, r.err);
	assert.match(r.out, /Register goes to dso2/);
	await state('dso2', 'registered');
	assert.equal((await dso2.registered).status, 204);
	const [m] = dso2.of('register');
	assert.deepEqual(m.body.version_url.map((v) => v.version), ['2.0']);
	assert.equal((await depotd.api('POST', '/oscp/peers', { peer: 'dso2' })).status, 409);
	fair(dso2);
});

test('tokens: ours for others lie in files of 0600, theirs are hashed, the journal and the API have neither', async () => {
	const dir = join(depotd.data, 'oscp');
	const names = readdirSync(dir);
	assert.equal(names.length, 2, names.join());
	for (const n of names) assert.equal(statSync(join(dir, n)).mode & 0o777, 0o600);
	const journal = (await depotd.api('GET', '/journal?stream=oscp/&limit=1000')).text;
	const db = readFileSync(join(depotd.data, 'depot.db'), 'latin1') + readFileSync(join(depotd.data, 'depot.db-wal'), 'latin1');
	for (const secret of [dso.token, dso.peerToken, dso2.token, dso2.peerToken])
		for (const [where, text] of [['journal', journal], ['store', db], ['log', depotd.logged()]]) assert.ok(!text.includes(secret), where);
	const backup = join(depotd.dir, 'backup');
	assert.equal((await depotd.api('POST', '/backup', { dir: backup })).status, 200);
	assert.deepEqual(readdirSync(join(backup, 'oscp')), [], 'no secret leaves without a passphrase');
	assert.equal((await depotd.api('POST', '/backup', { dir: backup, passphrase: 'the grid is calm tonight' })).status, 200);
	assert.deepEqual(readdirSync(join(backup, 'oscp')).sort(), names.map((n) => `${n}.sealed`).sort());
	for (const n of names.map((x) => `${x}.sealed`)) assert.equal(statSync(join(backup, 'oscp', n)).mode & 0o777, 0o600);
});

test('who is refused: no token, wrong tokens, Bearer, another method, another path, no X-Request-ID', async () => {
	const beat = { offline_mode_at: new Date(Date.now() + 60000).toISOString() };
	assert.equal((await dso.post('heartbeat', beat, { token: null })).status, 401);
	assert.equal((await dso.post('heartbeat', beat, { token: 'wrong' })).status, 401);
	assert.equal((await dso.post('heartbeat', beat, { scheme: 'Bearer' })).status, 401);
	assert.equal((await dso.post('heartbeat', beat, { id: '' })).status, 400);
	assert.equal((await dso.post('heartbeat', beat, { id: 'x'.repeat(101) })).status, 400);
	assert.equal((await dso.post('heartbeat', beat, { method: 'PUT' })).status, 405);
	assert.equal((await dso.post('update_asset_measurements', {})).status, 404);
	assert.equal((await dso.post('heartbeat', beat, { index: 1 })).status, 400);
	// Each has his own: the group of one is not that of the other.
	const r = await dso.forecast('G2', 'CONSUMPTION', [block(1, 0, 60)]);
	assert.equal(r.status, 403);
	assert.match(JSON.parse(r.text).message, /G2/);
	fair(dso);
});

// -- presence -------------------------------------------------------------------------------------

test('handshake: 204 at once, acknowledged with its id; heartbeats both ways; a repeated one without interval ends ours', async () => {
	const { id, status } = await dso.handshake();
	assert.equal(status, 204);
	const [ack] = await until('the acknowledge', () => dso.of('handshake_acknowledge').length && dso.of('handshake_acknowledge'));
	assert.equal(ack.correlation, id);
	assert.equal(ack.body.required_behaviour.heartbeat_interval, 1);
	await online('dso');
	dso.keepBeating();
	await until('three heartbeats', () => dso.of('heartbeat').length >= 3);
	const beats = dso.of('heartbeat').map((m) => m.at);
	for (let i = 1; i < beats.length; i++) assert.ok(beats[i] - beats[i - 1] < 2000, `${beats[i] - beats[i - 1]} ms between heartbeats`);
	dso.heartbeat = undefined;
	await dso.handshake();
	await until('no interval', async () => (await peer('dso')).heartbeat_s === undefined);
	const n = dso.of('heartbeat').length;
	await sleep(2500);
	assert.ok(dso.of('heartbeat').length <= n + 1, 'heartbeats must stop');
	dso.heartbeat = 1;
	// The flat form of a live deployment is understood.
	assert.equal((await dso.post('handshake', { heartbeat_interval: 1, measurement_configuration: ['CONTINUOUS'] })).status, 204);
	await until('both', async () => (await peer('dso')).heartbeat_s === 1 && (await peer('dso')).measurements.join() === 'CONTINUOUS');
	await dso2.handshake();
	await online('dso2');
	dso2.keepBeating();
	assert.match((await ctl('oscp', 'list')).out, /dso +G1 on site +registered +online/);
	fair(dso, dso2);
});

test('the same message twice is answered 204 and done once', async () => {
	const id = 'the-same-id';
	for (let i = 0; i < 3; i++) assert.equal((await dso.handshake({ id })).status, 204);
	await until('an acknowledge', () => dso.of('handshake_acknowledge').some((m) => m.correlation === id));
	await sleep(300);
	assert.equal(dso.of('handshake_acknowledge').filter((m) => m.correlation === id).length, 1);
	assert.ok((await peer('dso')).duplicates >= 2);
});

// -- measurements ---------------------------------------------------------------------------------

const measured = (p, way, has) => p.of('update_group_measurements').flatMap((m) => m.body.measurements)
	.filter((x) => x.direction === way && ('initial_measure_time' in x) === has);

/** From now on the main meter of CP-M says so. */
async function counts(importWh, exportWh, w = 5000) {
	const value = (v, measurand, unit) => ({ value: v, measurand, location: 'Inlet', unitOfMeasure: { unit } });
	const say = () => main.call('MeterValues', { evseId: 0, meterValue: [{ timestamp: new Date().toISOString(), sampledValue: [
		value(w, 'Power.Active.Import', 'W'), value(importWh / 1000, 'Energy.Active.Import.Register', 'kWh'),
		value(exportWh, 'Energy.Active.Export.Register', 'Wh'),
	] }] });
	clearInterval(metering);
	metering = setInterval(() => say().catch(() => {}), 1000);
	await say();
}

test('measurements: registers in Wh for CONTINUOUS, spans with initial_measure_time for INTERMITTENT, import and export', async () => {
	main = await booted(depotd, 'CP-M', { registration: { node: 'site', evses: 1 } });
	dso.measurements = ['CONTINUOUS'];
	await dso.handshake();
	await counts(1234500, 7000);
	await until('registers', () => measured(dso, 'IMPORT', false).some((x) => x.value === 1234500));
	const x = measured(dso, 'EXPORT', false).at(-1);
	assert.deepEqual([x.value, x.unit, x.phase, x.energy_type], [7000, 'WH', 'ALL', 'TOTAL']);
	dso.measurements = ['INTERMITTENT'];
	await dso.handshake();
	await until('taken', async () => (await peer('dso')).measurements.join() === 'INTERMITTENT');
	await counts(1235000, 7000);
	await sleep(1500);
	await counts(1235750, 7100);
	const sum = (way) => measured(dso, way, true).reduce((s, m) => s + m.value, 0);
	await until('the spans', () => sum('IMPORT') === 1250 && sum('EXPORT') === 100);
	const spans = measured(dso, 'IMPORT', true);
	for (let i = 1; i < spans.length; i++) assert.equal(spans[i].initial_measure_time, spans[i - 1].measure_time, 'no gap');
	// What it did not take comes with the next.
	dso.statuses.update_group_measurements = 503;
	await counts(1236000, 7100);
	await until('a failure', async () => /update_group_measurements: it answered 503: test says 503/.test((await peer('dso')).last_error));
	delete dso.statuses.update_group_measurements;
	dso.received = dso.received.filter((m) => m.action !== 'update_group_measurements');
	await until('the rest', () => sum('IMPORT') === 250, 15000);
	fair(dso);
});

// -- forecasts ------------------------------------------------------------------------------------

test('a limit of the provider arrives at the charger', async () => {
	station = await booted(depotd, 'CP-1', { registration: { node: 'feeder' }, handlers: {
		SetChargingProfile: ({ chargingProfile: p }) => {
			if (p.chargingProfilePurpose === 'TxProfile') limits.push(p.chargingSchedule[0].chargingSchedulePeriod[0].limit);
			return { status: 'Accepted' };
		},
	} });
	await station.call('TransactionEvent', {
		eventType: 'Started', timestamp: new Date().toISOString(), triggerReason: 'CablePluggedIn', seqNo: 0,
		transactionInfo: { transactionId: 'tx', chargingState: 'EVConnected' }, evse: { id: 1, connectorId: 1 },
	});
	await until('more than 6 kW', () => limits.at(-1) > 6000, 60000);
	assert.equal((await dso2.forecast('G2', 'CONSUMPTION', [block(6, -5, 600, { unit: 'KW' })])).status, 204);
	await until('no more than 6 kW', () => limits.at(-1) <= 6000, 15000);
	const [e] = await envelopes('CONSUMPTION');
	assert.equal(e.owner, 'oscp/dso2');
	assert.equal(e.node, 'feeder');
	fair(dso2);
});

test('a node without a meter: the energy of its chargers for INTERMITTENT, and a word why there is none for CONTINUOUS', async () => {
	let seq = 1;
	const register = (wh) => station.call('TransactionEvent', {
		eventType: 'Updated', timestamp: new Date().toISOString(), triggerReason: 'MeterValuePeriodic', seqNo: seq++, transactionInfo: { transactionId: 'tx' },
		meterValue: [{ timestamp: new Date().toISOString(), sampledValue: [{ value: wh, measurand: 'Energy.Active.Import.Register' }] }],
	});
	dso2.measurements = ['CONTINUOUS'];
	await dso2.handshake();
	await until('the word', async () => /G2.*feeder has no meter/.test((await peer('dso2')).last_error));
	assert.equal(dso2.of('update_group_measurements').length, 0);
	await register(1000);
	dso2.measurements = ['INTERMITTENT'];
	await dso2.handshake();
	await register(1900);
	await sleep(1100);
	await register(2500);
	const flexible = () => dso2.of('update_group_measurements').flatMap((m) => m.body.measurements);
	await until('what it charged', () => flexible().reduce((s, m) => s + m.value, 0) === 1500);
	for (const m of flexible()) assert.deepEqual([m.energy_type, m.direction, m.unit], ['FLEXIBLE', 'IMPORT', 'WH']);
	fair(dso2);
});

test('segments: out of order, correlating to the first or to the one before, applied only when all are there', async () => {
	const part = (i, type) => ({ group_id: 'G2', type, forecasted_blocks: [block(30000 + i, 1000 * i, 1000 * (i + 1))] });
	for (const [type, style] of [['GENERATION', 'first'], ['CONSUMPTION', 'before']]) {
		const ids = [1, 2, 3].map((i) => `${type}-${i}`);
		const has = async () => (await envelopes(type)).some((e) => e.reference === ids[0]);
		const send = (i) => dso2.post('update_group_capacity_forecast', part(i, type), {
			id: ids[i - 1], index: i, count: 3, correlation: i === 1 ? undefined : ids[style === 'first' ? 0 : i - 2],
		});
		for (const i of [3, 1]) assert.equal((await send(i)).status, 204);
		await sleep(500);
		assert.equal(await has(), false, 'a part must not hold');
		assert.equal((await send(2)).status, 204);
		await until(`${type} to hold`, has);
		const e = (await envelopes(type)).find((x) => x.reference === ids[0]);
		assert.equal(e.blocks.length, 3);
	}
	// One is missing: nothing of it ever holds.
	for (const i of [1, 2]) await dso2.post('update_group_capacity_forecast', part(i, 'FALLBACK_GENERATION'), { id: `lost-${i}`, index: i, count: 3, correlation: i > 1 ? 'lost-1' : undefined });
	await sleep(500);
	assert.equal((await envelopes('FALLBACK_GENERATION')).length, 0);
	assert.equal((await dso2.post('update_group_capacity_forecast', part(2, 'CONSUMPTION'), { index: 2, count: 2 })).status, 400, 'no correlation');
	assert.equal((await dso2.post('update_group_capacity_forecast', part(2, 'CONSUMPTION'), { index: 3, count: 2, correlation: 'x' })).status, 400);
	assert.equal((await dso2.post('update_group_capacity_forecast', part(2, 'CONSUMPTION'), { index: 1, count: 100000 })).status, 400);
	fair(dso2);
});

test('OPTIMUM is taken and limits nothing; GENERATION is an export limit', async () => {
	const before = (await envelopes()).length;
	const { status, id } = await dso.forecast('G1', 'OPTIMUM', [block(1, 0, 600)]);
	assert.equal(status, 204);
	await until('the journal', async () => (await depotd.api('GET', '/journal?stream=oscp/dso&type=OscpReceived&order=newest&limit=20')).json.events
		.some((e) => e.payload.request_id === id && /advice/.test(e.payload.note)));
	assert.equal((await envelopes()).length, before);
	const g = await dso.forecast('G1', 'GENERATION', [block(5, 0, 600, { unit: 'KW' })]);
	const e = await until('it', async () => (await envelopes('GENERATION')).find((x) => x.reference === g.id));
	assert.equal(e.blocks[0].export_w, 5000);
	assert.equal(e.blocks[0].import_w, undefined);
});

test('adjust: asked by a person, sent, and known as granted by its correlation', async () => {
	const from = new Date(Date.now() + 60000).toISOString(), to = new Date(Date.now() + 120000).toISOString();
	const r = await ctl('oscp', 'adjust', 'dso', 'G1', '80', '--unit', 'KW', '--from', from, '--to', to);
	assert.equal(r.code, 0, r.err);
	const m = dso.of('adjust_group_capacity_forecast').at(-1);
	assert.deepEqual(m.body, { group_id: 'G1', type: 'CONSUMPTION', forecasted_blocks: [{ capacity: 80, phase: 'ALL', unit: 'KW', start_time: from.replace('.000', ''), end_time: to.replace('.000', '') }] });
	assert.match(r.out, new RegExp(m.id));
	await dso.forecast('G1', 'CONSUMPTION', [block(58000, 60, 120)], { correlation: m.id });
	await until('granted', async () => (await peer('dso')).adjust_granted_at);
	/* Times as people say them: --to counts from --from. */
	const begun = Date.now(), soon = await ctl('oscp', 'adjust', 'dso', 'G1', '80', '--from', '+1m', '--to', '+2h');
	assert.equal(soon.code, 0, soon.err);
	const [b] = dso.of('adjust_group_capacity_forecast').at(-1).body.forecasted_blocks;
	assert.equal(Date.parse(b.end_time) - Date.parse(b.start_time), 7200000);
	assert.ok(Math.abs(Date.parse(b.start_time) - begun - 60000) < 5000, b.start_time);
	for (const [words, wrong] of [[['--from', 'soon', '--to', '+1h'], /--from must be now, 18:00/], [['--from', '+1h', '--to', 'now'], /--to must be after --from/]]) {
		const no = await ctl('oscp', 'adjust', 'dso', 'G1', '80', ...words);
		assert.equal(no.code, 2);
		assert.match(no.err, wrong);
	}
	dso.statuses.adjust_group_capacity_forecast = 404;
	const bad = await depotd.api('POST', '/oscp/peers/dso/adjust', { group: 'G1', blocks: [{ from, to, capacity: 1 }] });
	assert.equal(bad.status, 502);
	assert.match(bad.json.detail, /404: test says 404/);
	delete dso.statuses.adjust_group_capacity_forecast;
	assert.equal((await depotd.api('POST', '/oscp/peers/dso/adjust', { group: 'G9', blocks: [{ from, to, capacity: 1 }] })).status, 409);
	fair(dso);
});

test('hostile bodies: each is refused in words, none is believed, none costs more than its answer', async () => {
	const before = (await envelopes()).length;
	const t = (s) => new Date(Date.now() + s * 1000).toISOString();
	const one = (more) => JSON.stringify({ group_id: 'G1', type: 'CONSUMPTION', forecasted_blocks: [{ ...block(1, 0, 60), ...more }] });
	const bad = [
		one({ capacity: -1 }), one({ capacity: '1' }), one({ capacity: null }), one({ capacity: 7 }).replace('7', 'NaN'), one({ capacity: 7 }).replace('"capacity":7', '"capacity":1e999'),
		one({ start_time: '2026-01-01T00:00:00' }), one({ end_time: '2026-01-01' }), one({ start_time: t(60), end_time: t(0) }), one({ start_time: t(0), end_time: t(0) }),
		one({ start_time: t(0), end_time: '2999-01-01T00:00:00Z' }), one({ unit: 'EUR' }), one({ phase: 'FOUR' }), one({ phase: undefined }),
		JSON.stringify({ group_id: 'G1', type: 'CONSUMPTION', forecasted_blocks: [] }), JSON.stringify({ group_id: 'G1', type: 'LIMIT', forecasted_blocks: [block(1, 0, 60)] }),
		JSON.stringify({ group_id: 'G1', type: 'CONSUMPTION', forecasted_blocks: Array(300).fill(block(1, 0, 60)) }),
		JSON.stringify({ group_id: 'G1', type: 'CONSUMPTION', forecasted_blocks: Array(10001).fill(0) }), '[]', '', 'null', '{', '{"group_id":"\\u0000"}', '['.repeat(10000), one({}).replace('"capacity":1', '"capacity":1,"capacity":2'),
	];
	for (const text of bad) {
		const r = await dso.post('update_group_capacity_forecast', undefined, { text });
		assert.equal(r.status, 400, `${r.status} for ${text.slice(0, 200)}`);
	}
	const huge = await dso.post('update_group_capacity_forecast', undefined, { text: `{"group_id":"G1","x":"${'x'.repeat(2e6)}"}` }).catch(() => ({ status: 413 }));
	assert.equal(huge.status, 413);
	dso.violations = dso.violations.filter((v) => !/413 without/.test(v)); // the HTTP server's own answer
	for (const url of ['ftp://localhost/x', 'https://user@localhost/x', 'http://localhost/x', 'https://', 'https://a b/'])
		assert.equal((await dso.post('register', { token: 'z'.repeat(40), version_url: [{ version: '2.0', base_url: url }] }, { method: 'PUT' })).status, 400, url);
	assert.equal((await dso.post('register', { token: 'has blank', version_url: [{ version: '2.0', base_url: dso.url }] }, { method: 'PUT' })).status, 400);
	assert.equal((await envelopes()).length, before);
	assert.equal((await depotd.api('GET', '/readyz')).status, 200);
	fair(dso);
});

test('PUT register: the provider changes the token that it wants to be shown', async () => {
	const next = 'a-new-token-of-the-provider-0123456789';
	assert.equal((await dso.post('register', { token: next, version_url: [{ version: '2.0', base_url: dso.url }] }, { method: 'PUT' })).status, 204);
	dso.token = next;
	const n = dso.of('heartbeat').length;
	await until('heartbeats with it', () => dso.of('heartbeat').length > n + 1);
	assert.ok(dso.violations.length <= 1, dso.violations.join()); // one that was on its way
	dso.violations = [];
	await until('the old file to go', () => readdirSync(join(depotd.data, 'oscp')).length === 2);
});

// -- silence, restart, end ------------------------------------------------------------------------

test('the provider dies: its fallback holds; it returns and shakes hands: it holds no longer', async () => {
	await dso2.forecast('G2', 'FALLBACK_CONSUMPTION', [block(4500, -5, 3600)]);
	await until('kept', async () => (await envelopes('FALLBACK_CONSUMPTION')).some((e) => e.state === 'fallback-eligible'));
	assert.ok(limits.at(-1) > 4500);
	await dso2.die();
	await online('dso2', false);
	await until('fallback', async () => (await envelopes('FALLBACK_CONSUMPTION')).some((e) => e.state === 'fallback'));
	await until('4.5 kW', () => limits.at(-1) <= 4500, 15000);
	assert.match((await peer('dso2')).next, /fallbacks hold/);
	const alarm = (await depotd.api('GET', '/alarms')).json.alarms.find((a) => a.kind === 'provider-silent');
	assert.equal(alarm.subject, 'dso2');
	assert.doesNotMatch(alarm.text, /\d{4}-\d\d-\d\dT/, 'times in words');
	assert.match((await depotd.api('GET', '/metrics')).text, /depotd_oscp_online\{provider="dso2"\} 0/);
	assert.equal((await peer('dso')).online, true, 'the other one is not concerned');
	await dso2.listen();
	dso2.keepBeating();
	// A sign of life makes us shake hands: it serves none, so its own handshake is acknowledged anew.
	await online('dso2');
	assert.equal(dso2.of('handshake').length >= 1, true);
	await until('eligible', async () => (await envelopes('FALLBACK_CONSUMPTION')).some((e) => e.state === 'fallback-eligible'));
	await until('more again', () => limits.at(-1) > 4500, 60000);
	fair(dso2);
});

test('what cannot be kept is told, with the id of the forecast and the blocks', async () => {
	await counts(1236000, 7100, 12000); // the site takes 12 kW, of which chargers take none
	await until('the load', async () => (await depotd.api('GET', '/tree')).json.nodes.find((n) => n.id === 'site').load_w === 12000);
	const { id } = await dso.forecast('G1', 'CONSUMPTION', [block(3000, -5, 600), block(50000, 600, 1200)]);
	const m = await until('the error', () => dso.of('group_capacity_compliance_error').find((x) => x.correlation === id));
	assert.match(m.body.message, /12000 W/);
	assert.deepEqual(m.body.forecasted_blocks.map((b) => b.capacity), [3000]);
	await dso.forecast('G1', 'CONSUMPTION', [block(55000, -5, 1200)]);
	fair(dso);
});

test('a block that runs and is not kept any more is told, once, when that is found out', async () => {
	const { id } = await dso.forecast('G1', 'CONSUMPTION', [block(18000, -5, 600), block(50000, 600, 1200)]);
	const told = () => dso.of('group_capacity_compliance_error').filter((x) => x.correlation === id);
	await sleep(1000);
	assert.equal(told().length, 0);
	await counts(1237000, 7200, 27000);
	const m = await until('the error', () => told()[0], 40000);
	assert.match(m.body.message, /27000 W/);
	assert.deepEqual(m.body.forecasted_blocks.map((b) => b.capacity), [18000]);
	const alarm = async () => (await depotd.api('GET', '/alarms')).json.alarms.find((a) => a.kind === 'envelope-broken' && a.subject === 'site');
	assert.match((await until('the alarm', alarm, 20000)).text, /27\.0 of 18\.0 kW \(oscp\/dso\)/);
	await sleep(6000);
	assert.equal(told().length, 1);
	await dso.forecast('G1', 'CONSUMPTION', [block(55000, -5, 1200)]);
	await counts(1238000, 7300, 12000);
	fair(dso);
});

test('a forecast that finds no room: nothing of it holds, an alarm says so until the next good one, and so does last_error', async () => {
	const alarm = async () => (await depotd.api('GET', '/alarms')).json.alarms.find((a) => a.kind === 'envelope-refused' && /no_room|open/.test(a.text));
	let last;
	for (let i = 0; i < 210; i++) last = await dso.forecast('G1', 'GENERATION', [block(7000 + i, 100000 + 100 * i, 100100 + 100 * i)]);
	assert.equal(last.status, 204);
	const m = await until('the error', () => dso.of('group_capacity_compliance_error').find((x) => x.correlation === last.id));
	assert.match(m.body.message, /open, of \d+ that one owner/);
	assert.match((await until('the alarm', alarm)).text, /GENERATION of dso for group G1 does not hold/);
	assert.match((await peer('dso')).last_error, /does not hold/);
	assert.equal((await envelopes('GENERATION')).some((e) => e.reference === last.id), false);
	const open = (await depotd.api('GET', '/envelopes?owner=oscp/dso')).json.envelopes.filter((e) => e.type === 'GENERATION' && e.state === 'pending');
	assert.ok(open.length > 150);
	for (const e of open) assert.equal((await depotd.api('DELETE', `/envelopes/${e.id}?why=room`)).status, 200);
	assert.equal((await dso.forecast('G1', 'GENERATION', [block(9000, 90000, 90100)])).status, 204);
	await until('no alarm', async () => !(await alarm()));
	assert.equal((await peer('dso')).last_error ?? '', '');
	fair(dso);
});

test('a person refuses a limit that was obeyed first: the provider is told, with the id of its forecast', async () => {
	const { id } = await dso.forecast('G1', 'CONSUMPTION', [block(57000, -5, 600)]);
	const e = await until('it to be active', async () => (await depotd.api('GET', '/envelopes?owner=oscp/dso')).json.envelopes
		.find((x) => x.reference === id && x.state === 'active'));
	assert.equal(e.urgent, true);
	assert.equal((await depotd.api('POST', `/envelopes/${e.id}/refuse`, { why: 'wrong site' })).status, 200);
	const m = await until('the error', () => dso.of('group_capacity_compliance_error').find((x) => x.correlation === id));
	assert.match(m.body.message, /refused: .*wrong site/);
	fair(dso);
});

test('depotd is killed: registration, what they want and what was said survive, and it shakes hands anew', async () => {
	const port = depotd.ports.console;
	const half = (i) => dso2.post('update_group_capacity_forecast', { group_id: 'G2', type: 'GENERATION', forecasted_blocks: [block(4000, 7200 * i, 7200 * (i + 1))] },
		{ id: `half-${i}`, index: i, count: 2, correlation: i > 1 ? 'half-1' : undefined });
	assert.equal((await half(1)).status, 204);
	const known = (await envelopes()).map((e) => e.reference).sort();
	await depotd.stop('SIGKILL');
	const config = readFileSync(join(depotd.dir, 'depotd.yaml'), 'utf8').replace(/console: \{address: 127.0.0.1, port: 0\}/, `console: {address: 127.0.0.1, port: ${port}}`);
	writeFileSync(join(depotd.dir, 'depotd.yaml'), config);
	dso2.servesHandshake = true;
	const from = Date.now();
	await depotd.start();
	await until('our handshake', () => dso2.of('handshake').some((m) => m.at > from));
	const mine = dso2.of('handshake').at(-1);
	assert.equal((await dso2.post('handshake_acknowledge', {}, { correlation: 'of-nobody' })).status, 400);
	assert.equal((await dso2.post('handshake_acknowledge', {}, { correlation: mine.id })).status, 204);
	await until('the last handshake of one that serves none, acknowledged again', () => dso.of('handshake_acknowledge').some((m) => m.at > from));
	await online('dso');
	await online('dso2');
	await until('heartbeats', () => dso.of('heartbeat').some((m) => m.at > from) && dso2.of('heartbeat').some((m) => m.at > from));
	assert.deepEqual((await envelopes()).map((e) => e.reference).sort(), known);
	assert.equal((await half(2)).status, 204);
	await until('both halves to hold', async () => (await envelopes('GENERATION')).some((e) => e.reference === 'half-1' && e.blocks.length === 2));
	assert.equal((await dso.handshake({ id: 'the-same-id' })).status, 204);
	await sleep(300);
	assert.equal(dso.of('handshake_acknowledge').filter((m) => m.correlation === 'the-same-id' && m.at > from).length <= 1, true, 'known from before the restart');
	assert.equal((await ctl('oscp', 'handshake', 'dso2')).code, 0);
	fair(dso, dso2);
});

test('the end of a registration, by the provider and by us', async () => {
	dso.quiet();
	dso2.quiet();
	assert.equal((await dso.post('register', undefined, { method: 'DELETE' })).status, 204);
	await state('dso', 'ended');
	assert.equal((await dso.beat()).status, 401);
	await until('its limits to end: they do after the answer', async () => !(await envelopes()).some((e) => e.owner === 'oscp/dso'));
	const r = await ctl('oscp', 'remove', 'dso2');
	assert.equal(r.code, 0, r.err);
	await until('our DELETE', () => dso2.of('register').some((m) => m.method === 'DELETE'));
	await until('no files', () => readdirSync(join(depotd.data, 'oscp')).length === 0);
	assert.equal((await dso2.beat()).status, 401);
	fair(dso2);
});

test('an address that guesses tokens has to wait', async () => {
	const statuses = [];
	for (let i = 0; i < 14; i++) statuses.push((await dso.post('heartbeat', {}, { token: `guess-${i}` })).status);
	assert.equal(statuses.at(-1), 429);
	await depotd.stop();
	const r = spawnSync(join(BUILD, 'depotctl'), ['rebuild', '--check', '--data', depotd.data], { encoding: 'utf8' });
	assert.equal(r.status, 0, r.stderr);
});
