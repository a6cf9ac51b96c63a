// Each limit of csms/net/limit.c that the matrix of hostile attempts does not reach: what the client gets,
// that it is counted in /metrics, and that others go on. At the end all names of that table are known here
// or there.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import tls from 'node:tls';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Depotd, sleep, until } from './harness.mjs';
import { matrix } from './matrix.mjs';
import { Station, Tcp, booted, rawStation, register, upgradeHead } from './peer.mjs';

const depot = 'depot: bounds\nname: Bounds\ntimezone: UTC\nnodes:\n  - {id: site, kind: site, limit_w: 900000}\n';
const LIMITS = { max_queue: 300000, transfer_idle_s: 2, idle_timeout_s: 2, messages_per_s: 20, message_burst: 40, ping_interval_s: 4, pong_timeout_s: 2, header_timeout_s: 20,
	refusals_per_min: 3, auth_failures_per_min: 1000 };
const config = (limits) => `limits: {${Object.entries(limits).map(([k, v]) => `${k}: ${v}`).join(', ')}}\n`;
const proved = new Set();
let d;

before(async () => {
	d = await new Depotd({ depot, config: config(LIMITS) }).start();
});
after(() => d?.clean());

const count = async (of, limit) => {
	const m = new RegExp(`^depotd_limits_reached_total\\{limit="${limit}"\\} (\\d+)$`, 'm').exec((await of.api('GET', '/metrics')).text);
	assert.ok(m, `${limit} is counted`);
	return Number(m[1]);
};

/** A limit is reached by `attempt`, which asserts what the client gets; then it is counted, and another station is served. */
function bound(limit, what, attempt, of = () => d) {
	test(`${limit}: ${what}`, async (t) => {
		const had = await count(of(), limit);
		await attempt(t);
		await until(`${limit} is counted`, async () => (await count(of(), limit)) > had);
		const s = await booted(of(), `CALM-${limit}`);
		assert.ok((await s.call('Heartbeat', {})).currentTime, 'another is served');
		await s.close();
		proved.add(limit);
	});
}

/** A TLS connection to the console that keeps what it gets. */
async function page(of = d) {
	const s = tls.connect({ host: '127.0.0.1', port: of.ports.console, servername: 'localhost', ca: readFileSync(of.root()) });
	const p = { s, got: '', gone: new Promise((r) => s.on('close', r)) };
	s.on('error', () => {}).on('data', (b) => (p.got += b.toString('latin1')));
	await new Promise((ok) => s.once('secureConnect', ok));
	return p;
}
const within = (promise, ms, what) => Promise.race([promise, sleep(ms).then(() => assert.fail(`${what} in ${ms} ms`))]);

bound('message-rate', 'a station that says more is read more slowly, and loses nothing', async () => {
	const s = await booted(d, 'FAST-1');
	const began = Date.now();
	await Promise.all(Array.from({ length: 80 }, () => s.call('Heartbeat', {})));
	assert.ok(Date.now() - began > 1000, `${Date.now() - began} ms for 80, 40 at once and 20 a second`);
	await s.close();
});

bound('pong-time', 'a station that does not answer pings is closed', async () => {
	await register(d, 'MUTE-1');
	const t = await rawStation(d, 'MUTE-1');
	await within(t.gone, 15000, 'closed');
	assert.ok(t.frames().some((f) => f.opcode === 9), 'it was asked');
});

bound('close-time', 'one that does not answer a close frame is closed all the same', async () => {
	await register(d, 'STAY-1');
	const old = await rawStation(d, 'STAY-1');
	const fresh = new Station(d, 'STAY-1'); // the newest counts: the one before is closed
	await fresh.connect();
	await until('a close frame', () => old.frames().some((f) => f.opcode === 8));
	const from = Date.now();
	await within(old.gone, 10000, 'closed');
	assert.ok(Date.now() - from > 1500, 'it had its time');
	await fresh.close();
});

bound('idle', 'a browser that asks nothing more is closed', async () => {
	const p = await page();
	p.s.write(`GET /livez HTTP/1.1\r\nHost: localhost:${d.ports.console}\r\n\r\n`);
	await until('an answer', () => /^HTTP\/1\.1 200/.test(p.got));
	const from = Date.now();
	await within(p.gone, 10000, 'closed');
	assert.ok(Date.now() - from > 1000);
});

bound('upload-idle', 'an upload that stands still is closed', async () => {
	const { token } = (await d.api('POST', '/api-tokens', { name: 'up', role: 'admin' })).json;
	const p = await page();
	p.s.write(`POST /api/v1/firmware?vendor=V&model=M&version=9&name=x.bin HTTP/1.1\r\nHost: localhost:${d.ports.console}\r\nAuthorization: Bearer ${token}\r\nContent-Length: 100000\r\n\r\nbegin`);
	await within(p.gone, 15000, 'closed');
	assert.deepEqual((await d.api('GET', '/firmware')).json.firmware.filter((f) => f.version === '9'), [], 'nothing is kept of it');
});

/** An image whose maker signed it: only such are handed out. */
async function firmware(bytes) {
	const ssl = (...args) => execFileSync('openssl', args, { cwd: d.dir, stdio: ['ignore', 'pipe', 'ignore'] });
	const EC = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
	ssl('req', '-x509', '-newkey', ...EC, '-nodes', '-keyout', 'r.key', '-out', 'r.pem', '-days', '30', '-subj', '/O=m/CN=root', '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign');
	ssl('req', '-new', '-newkey', ...EC, '-nodes', '-keyout', 's.key', '-out', 's.csr', '-subj', '/O=m/CN=signer');
	writeFileSync(join(d.dir, 's.ext'), 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n');
	ssl('x509', '-req', '-in', 's.csr', '-CA', 'r.pem', '-CAkey', 'r.key', '-CAcreateserial', '-days', '20', '-out', 's.pem', '-extfile', 's.ext');
	writeFileSync(join(d.dir, 'image'), bytes);
	ssl('dgst', '-sha256', '-sign', 's.key', '-out', 'image.sig', 'image');
	const fw = await new Promise((ok, bad) => {
		const req = http.request({ socketPath: join(d.data, 'depotd.sock'), method: 'POST', path: '/api/v1/firmware?vendor=V&model=M&version=1&name=fw.bin',
			headers: { 'content-length': bytes.length, 'content-type': 'application/octet-stream' } }, (res) => {
			let out = '';
			res.on('data', (x) => (out += x)).on('end', () => ok(JSON.parse(out)));
		});
		req.on('error', bad).end(bytes);
	});
	assert.equal((await d.api('PUT', '/manufacturer-roots/m', { certificate: readFileSync(join(d.dir, 'r.pem'), 'utf8') })).status, 200);
	const signed = await d.api('PUT', `/firmware/${fw.id}/signature`, { signature: readFileSync(join(d.dir, 'image.sig')).toString('base64'), certificate: readFileSync(join(d.dir, 's.pem'), 'utf8') });
	assert.equal(signed.status, 200, signed.text);
	return fw;
}

bound('download-idle', 'a download that nobody takes is closed', async () => {
	const fw = await firmware(randomBytes(24 << 20));
	let location;
	const s = await booted(d, 'FW-1', { handlers: { UpdateFirmware: (q) => ((location = q.firmware.location), { status: 'Accepted' }) } });
	const r = await d.api('POST', '/stations/FW-1/firmware', { firmware: fw.id });
	assert.equal(r.status, 200, r.text);
	await until('where it is', () => location);
	const p = await page();
	p.s.write(`GET ${new URL(location).pathname} HTTP/1.1\r\nHost: localhost:${d.ports.console}\r\n\r\n`);
	await until('its begin', () => p.got.length > 1000);
	p.s.pause();
	const had = await count(d, 'download-idle');
	await until('it is counted', async () => (await count(d, 'download-idle')) > had, 20000);
	p.s.resume();
	await within(p.gone, 5000, 'closed');
	assert.match(p.got.slice(0, 20), /^HTTP\/1\.1 200/);
	assert.ok(p.got.length < 24 << 20, 'not all of it came');
	await s.close();
});

bound('sign-in-name', 'the eleventh attempt with one name is refused from a strange address', async () => {
	const https = (await import('node:https')).default;
	const body = { name: 'victim', password: 'a wrong guess' };
	const ask = (i) => d.request(https, { host: '127.0.0.1', localAddress: `127.2.0.${i + 1}`, port: d.ports.console, servername: 'localhost', ca: readFileSync(d.root()) },
		'POST', '/sign-in', body, { host: `localhost:${d.ports.console}`, origin: `https://localhost:${d.ports.console}` });
	const got = [];
	for (let i = 0; i < 11; i++) got.push((await ask(i)).status);
	assert.deepEqual(got, [...Array(10).fill(401), 429]);
});

bound('refusals', 'of more than so many a minute the journal has no line; all get their answer', async () => {
	const before = (await d.api('GET', '/audit?refused=1&limit=500')).json.rows.filter((r) => r.type === 'StationRefused').length;
	for (let i = 0; i < 8; i++) {
		const t = new Tcp({ port: d.ports.profile1, host: '127.0.0.1', localAddress: '127.2.1.1' }).send(upgradeHead('NOBODY'));
		assert.equal(await t.status(), 404);
		t.destroy();
	}
	const lines = (await d.api('GET', '/audit?refused=1&limit=500')).json.rows.filter((r) => r.type === 'StationRefused').length;
	assert.equal(lines - before, LIMITS.refusals_per_min);
});

// -- of a depotd with little room -----------------------------------------------------------------------

let small;

test('a depotd with little room', async () => {
	small = await new Depotd({ depot, config: config({ max_connections: 12, connects_per_s: 20, max_queue: 65536, messages_per_s: 100000, message_burst: 100000, open_transactions: 3, report_mb_per_day: 1 }) }).start();
});
after(() => small?.clean());

const dial = () => new Tcp(small.ports.profile1);

bound('connect-rate', 'more than so many a second wait their turn, and all come in', async () => {
	await register(small, 'RATE-1');
	const from = Date.now();
	for (let i = 0; i < 45; i++) {
		const t = dial().send(upgradeHead('NOBODY'));
		assert.equal(await t.status(20000), 404);
		t.destroy();
	}
	assert.ok(Date.now() - from > 1000, `${Date.now() - from} ms for 45`);
}, () => small);

bound('connections', 'who comes when every place is taken waits until one is free; the owner gets in', async () => {
	await register(small, 'LATE-1');
	const open = [];
	for (let i = 0; i < 12; i++) open.push(await dial().open);
	const late = await dial().send(upgradeHead('LATE-1')).open;
	await until('full', async () => (await count(small, 'connections')) > 0); /* asked by the socket: it gets in */
	await sleep(300);
	assert.equal(late.got.length, 0, 'no answer yet');
	open.pop().destroy();
	assert.equal(await late.status(), 101);
	for (const t of [...open, late]) t.destroy();
}, () => small);

test('a station that asks and asks and takes no answer keeps no processor busy; when it reads it is served', async () => {
	const s = await booted(small, 'DEAF-1');
	s.ws.pause();
	for (let i = 0; i < 160; i++) {
		for (let k = 0; k < 500; k++) s.text(JSON.stringify([2, `${i}-${k}`.padStart(36, 'x'), 'Heartbeat', {}]));
		await sleep(2);
	}
	const ticks = () => readFileSync(`/proc/${small.child.pid}/stat`, 'latin1').split(') ')[1].split(' ').slice(11, 13).reduce((a, b) => a + Number(b), 0);
	let last = -1;
	await until('it waits for the station', async () => {
		const was = last;
		last = ticks();
		await sleep(500);
		return was >= 0 && ticks() - last < 8; /* hundredths of a second, in half of one */
	}, 20000);
	s.ws.resume();
	await until('all answers', () => s.inbox.length >= 80000, 30000);
	assert.equal(s.ws.readyState, 1);
	await s.close();
});

/** The station's alarm: one, whatever it does. */
const floods = async (id) => (await small.api('GET', '/alarms')).json.alarms.filter((a) => a.kind === 'station-floods' && a.subject === id);

bound('open-transactions', 'of transactions that stay open besides those that EVSEs show the oldest are given up as lost', async () => {
	const s = await booted(small, 'OPEN-1', { registration: { evses: 2 } });
	const event = (id, eventType, seqNo, evse = 1, more = {}) => s.call('TransactionEvent', { eventType, seqNo, timestamp: new Date().toISOString(),
		triggerReason: eventType === 'Ended' ? 'EVDeparted' : 'CablePluggedIn', transactionInfo: { transactionId: id }, evse: { id: evse, connectorId: 1 }, ...more });
	const list = async (state) => (await small.api('GET', `/transactions?station=OPEN-1&state=${state}&limit=500`)).json.transactions;
	assert.deepEqual(await event('else', 'Started', 0, 2), {});
	for (let i = 0; i < 3; i++) {
		await event(`early-${i}`, 'Started', 0);
		await event(`early-${i}`, 'Ended', 1);
	}
	const had = await count(small, 'open-transactions');
	/* 19 that the next ones replace, and 20 that come as if they were of last week */
	for (let i = 0; i < 20; i++) assert.deepEqual(await event(`t-${i}`, 'Started', 0), {});
	for (let i = 0; i < 20; i++) assert.deepEqual(await event(`old-${i}`, 'Started', 0, 1, { offline: true, timestamp: '2026-01-01T00:00:00Z' }), {});
	const open = (await list('open')).map((t) => t.id).sort();
	assert.deepEqual(open, ['else', 'old-17', 'old-18', 'old-19', 't-19']);
	assert.equal((await list('ended')).filter((t) => t.stopped_reason === 'MessageLost').length, 36);
	assert.equal(await count(small, 'open-transactions') - had, 36);
	const [alarm, ...more] = await floods('OPEN-1');
	assert.match(alarm.text, /more than 3 transactions open that none of its EVSEs shows/);
	assert.deepEqual(more, []);
	await event('t-0', 'Ended', 1); /* what it still says of one counts */
	assert.equal((await small.api('GET', '/transactions/OPEN-1/t-0')).json.stopped_reason ?? null, null);
	await s.close();
}, () => small);

bound('report-bytes', 'what a station reports of itself is kept up to so much a day; all of it is answered', async () => {
	const s = await booted(small, 'WORDS-1');
	const variable = (n) => ({ component: { name: 'Made' }, variable: { name: `up-${n}` }, variableAttribute: [{ value: 'v'.repeat(1000) }] });
	for (let i = 0; i < 100; i++) {
		const reportData = Array.from({ length: 50 }, (_, k) => variable(i * 50 + k));
		assert.deepEqual(await s.call('NotifyReport', { requestId: 1000 + i, seqNo: 0, generatedAt: new Date().toISOString(), reportData }), {});
	}
	const lines = async (id, type) => (await small.api('GET', `/journal?stream=station/${id}&type=${type}&limit=500`)).json.events.length;
	const kept = await lines('WORDS-1', 'ReportPart');
	assert.ok(kept >= 18 && kept <= 20, `${kept} parts of 50 kB, of a hundred`);
	assert.equal(await lines('WORDS-1', 'ReportEnded'), 0, 'nor a line for each that is not kept');
	const [alarm, ...more] = await floods('WORDS-1');
	assert.match(alarm.text, /reported more of itself than 1 MB a day/);
	assert.deepEqual(more, []);
	const other = await booted(small, 'WORDS-2');
	assert.deepEqual(await other.call('NotifyReport', { requestId: 1, seqNo: 0, generatedAt: new Date().toISOString(), reportData: [variable(1)] }), {});
	assert.equal(await lines('WORDS-2', 'ReportPart'), 1, 'another has room of its own');
	await other.close();
	await s.close();
}, () => small);

test('states of connectors that a station does not have are answered, counted, and said once', async () => {
	const s = await booted(small, 'MORE-1');
	const total = async () => Number(/^depotd_unknown_connectors_total (\d+)$/m.exec((await small.api('GET', '/metrics')).text)?.[1]);
	const state = (evseId, connectorId) => s.call('StatusNotification', { timestamp: new Date().toISOString(), connectorStatus: 'Available', evseId, connectorId });
	const had = await total();
	await state(1, 1);
	assert.equal(await total(), had);
	for (let evse = 2; evse < 20; evse++) assert.deepEqual(await state(evse, 1), {});
	await state(1, 9);
	assert.equal(await total(), had + 19);
	assert.equal(small.logged().split('\n').filter((l) => /MORE-1: .*which it does not have here/.test(l)).length, 1);
	await s.close();
});

// -- all of them ----------------------------------------------------------------------------------------

test('each limit of depotd is reached here or in the matrix', () => {
	const names = [...readFileSync('csms/net/limit.c', 'utf8').matchAll(/ROW\((?!NONE)\w+, "([\w-]+)"/g)].map((m) => m[1]);
	assert.ok(names.length > 20, `${names.length} limits`);
	const there = new Set(matrix.filter((r) => !r.file && r.limit).map((r) => r.limit));
	/* 40 MB for one who does not read: nothing that a client asks for makes depotd say so much. */
	assert.match(readFileSync('tests/unit/csms_ws_server_test.c', 'utf8'), /START_TEST\(test_full_send_queue\)[^}]*"send queue is full"/);
	there.add('send-queue');
	assert.deepEqual(names.filter((n) => !proved.has(n) && !there.has(n)), []);
	const docs = readFileSync('docs/security.md', 'utf8');
	assert.deepEqual(names.filter((n) => !docs.includes(`\`${n}\``)), [], 'docs/security.md names each');
});
