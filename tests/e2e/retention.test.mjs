// What is kept for a time goes when it is over, kind by kind: messages of the wire log, raw samples,
// logs that stations brought. What is kept for good stays: the journal with its chain and all that
// is computed from it, rollups, firmware.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { BUILD, Depotd, until } from './harness.mjs';
import { booted } from './peer.mjs';

const DAY = 86400000;
let d;
before(async () => {
	d = await new Depotd({ config: `files: {keep_days: 3}\nstore: {wire_max_days: 2, series_max_days: 1}\n` +
		'device: {inventory: off}\ncontrol: {reconcile_s: 0}\n' }).start();
});
after(() => d?.clean());

/** The same data folder with a clock that is `days` ahead. */
async function later(days) {
	await d.stop();
	const uptime = Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1e6);
	d.args = ['--speed', '1', '--start', new Date(Date.now() + days * DAY).toISOString(), '--origin', String(uptime)];
	await d.start();
}

const clock = async (s) => Date.parse((await s.call('Heartbeat', {})).currentTime);
const reading = (at, ...sampledValue) => [{ timestamp: new Date(at).toISOString(), sampledValue }];
const power = (value) => ({ value, measurand: 'Power.Active.Import' });
const frames = async (to) => (await d.api('GET', `/wire?station=KEEP&limit=1000&to=${new Date(to).toISOString()}`)).json.frames.length;
const values = async () => (await d.api('GET', '/transactions/KEEP/tx/meter-values')).json.values.map((v) => [v.value, v.source]);

function send(lib, options, body) {
	return new Promise((ok, bad) => {
		const req = lib.request(options, (res) => {
			let out = '';
			res.on('data', (p) => (out += p));
			res.on('end', () => ok({ status: res.statusCode, out }));
		});
		req.on('error', bad);
		req.end(body);
	});
}

async function bringLog(s) {
	const asked = new Promise((ok) => (s.handlers.GetLog = (p) => (ok(p), { status: 'Accepted', filename: 'log.txt' })));
	await d.api('POST', '/stations/KEEP/logs', {});
	const { log, requestId } = await asked;
	const u = new URL(log.remoteLocation);
	const r = await send(u.protocol === 'https:' ? https : http, { method: 'PUT', host: '127.0.0.1', port: u.port, path: u.pathname,
		servername: u.hostname, ca: readFileSync(d.root()), headers: { host: u.host, 'content-length': 5 } }, 'lines');
	assert.equal(r.status, 200, r.out);
	await s.call('LogStatusNotification', { status: 'Uploaded', requestId });
}

test('messages, raw samples and logs go with age, each by its own rule; journal, registers and firmware stay', async () => {
	let s = await booted(d, 'KEEP');
	const begin = await clock(s);
	const say = (eventType, seqNo, at, wh) => s.call('TransactionEvent', { eventType, seqNo, timestamp: new Date(at).toISOString(),
		triggerReason: 'MeterValuePeriodic', transactionInfo: { transactionId: 'tx' }, evse: { id: 1, connectorId: 1 },
		meterValue: reading(at, { value: wh }, power(3000)) });

	await say('Started', 0, begin, 1000);
	await say('Ended', 1, begin + 1000, 1500);
	await bringLog(s);
	const image = await send(http, { socketPath: join(d.data, 'depotd.sock'), method: 'POST',
		path: '/api/v1/firmware?vendor=V&model=M&version=1&name=fw.bin',
		headers: { 'content-length': 5, 'content-type': 'application/octet-stream' } }, 'image');
	assert.equal(image.status, 200, image.out);
	const file = (await d.api('GET', '/files?station=KEEP')).json.files[0].id;
	await until('samples and messages to be recorded', async () => (await values()).length === 4 && await frames(begin + DAY) > 6);
	await s.close();
	const story = async () => (await d.api('GET', '/journal?stream=transaction/KEEP/tx&limit=1000')).json.events;
	const told = await story();

	await later(2.9); // the log is young enough, messages and samples are not
	s = await booted(d, 'KEEP');
	const now = await clock(s);
	assert.ok(now - begin > 2.8 * DAY);
	let n = 0;
	await until('old messages and samples to go', async () => {
		// Both are looked at now and then, while new ones come.
		await Promise.all(Array.from({ length: 50 }, () => s.call('MeterValues',
			{ evseId: 1, meterValue: reading(now + n++ * 1000 - 3600000, { value: 2000 + n }, power(n)) })));
		return await frames(begin + DAY) === 0 && (await values()).every(([, source]) => source === 'journal');
	}, 40000);
	assert.deepEqual(await values(), [[1000, 'journal'], [1500, 'journal']]);
	assert.ok(await frames(now + DAY) > 50, 'those of today stay');
	assert.equal((await d.api('GET', `/files/${file}`)).text, 'lines');
	assert.deepEqual(await story(), told);
	await s.close();

	await later(3.1);
	await until('the log to go', async () => (await d.api('GET', `/files/${file}`)).status === 404);
	assert.match((await d.api('GET', '/files?station=KEEP&removed=1')).json.files[0].removed_why, /older than files\.keep_days/);
	await until('its bytes to go', () => !existsSync(join(d.data, 'files', file)));
	assert.equal((await d.api('GET', '/firmware')).json.firmware[0].name, 'fw.bin');
	assert.deepEqual(await story(), told);
	assert.equal((await d.api('GET', '/transactions/KEEP/tx')).json.transaction.energy_wh, 500);
	await d.stop();
	for (const words of [['verify'], ['rebuild', '--check']])
		execFileSync(join(BUILD, 'depotctl'), [...words, '--data', d.data], { stdio: 'pipe' });
});
