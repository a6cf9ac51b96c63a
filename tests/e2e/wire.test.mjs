// The wire log: requests beside their answers, search, export, and what it leaves to the journal.
import test, { after, before, describe } from 'node:test';
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import http from 'node:http';
import { BUILD, Depotd, sleep, until } from './harness.mjs';
import { booted, PASSWORD, register } from './peer.mjs';

const run = promisify(execFile);
const now = () => new Date().toISOString();

let depotd;

before(async () => {
	depotd = await new Depotd({ config: 'limits: {messages_per_s: 100000, message_burst: 100000}\n' }).start();
});
after(() => depotd.clean());

const ctl = (...args) =>
	run(join(BUILD, 'depotctl'), ['--socket', join(depotd.data, 'depotd.sock'), ...args], { maxBuffer: 64 << 20 });
const pairs = async (query) => (await depotd.api('GET', `/wire?pairs=1&${query}`)).json.pairs;

describe('pairs', () => {
	test('a request stands beside its answer, with the time between and what is wrong with each', async () => {
		const s = await booted(depotd, 'W-1', {
			handlers: {
				GetLocalListVersion: async () => (await sleep(300), { versionNumber: 7 }),
				ClearCache: () => ({ version: 'of another time' }),
				Reset: (_, m) => [4, m[1], 'InternalError', 'its own words', {}],
			},
		});
		await s.ask('Authorize', {}, 'bad-1');
		await s.say('[2,"half",');
		for (const action of ['GetLocalListVersion', 'ClearCache'])
			await depotd.api('POST', '/stations/W-1/calls', { action, payload: {} });
		await depotd.api('POST', '/stations/W-1/calls', { action: 'Reset', payload: { type: 'Immediate' } });
		const all = await until('all of them to be recorded', async () => {
			const list = await pairs('station=W-1&limit=1000');
			return list.find((p) => p.action === 'Reset' && p.reply) && list;
		});
		const of = (action) => all.find((p) => p.action === action);
		assert.equal(of('BootNotification').direction, 'in');
		assert.equal(JSON.parse(of('BootNotification').reply)[2].status, 'Accepted');
		assert.ok(of('BootNotification').latency_ms >= 0 && of('BootNotification').latency_ms < 5000);
		assert.equal(of('GetLocalListVersion').direction, 'out');
		assert.ok(of('GetLocalListVersion').latency_ms >= 290, `${of('GetLocalListVersion').latency_ms} ms`);
		assert.equal(of('GetLocalListVersion').reply_verdict, undefined);
		assert.match(of('ClearCache').reply_verdict, /version/);
		assert.match(of('Authorize').reply_verdict, /idToken/);
		const broken = all.find((p) => p.request === '[2,"half",');
		assert.ok(broken.verdict && broken.action === undefined);
		assert.match(broken.reply, /^\[4,"half"/);
		assert.equal(all.filter((p) => /^ *\[[34]/.test(p.request)).length, 0, 'answers are no requests');
		await s.close();
	});

	test('searchable by station in any case, action, time, text, error and message id', async () => {
		const actions = async (q) => (await pairs(q)).map((p) => p.action);
		assert.deepEqual(await actions('station=w-1&action=Reset'), ['Reset']);
		assert.deepEqual(await actions('station=W-1&message_id=bad-1'), ['Authorize']);
		assert.deepEqual(await actions('station=W-1&error=its%20own%20words'), ['Reset']);
		assert.deepEqual(await actions('station=W-1&action=Authorize&error=idToken'), ['Authorize']);
		assert.deepEqual(await actions('station=W-1&text=versionNumber'), ['GetLocalListVersion'], 'it stands in the answer');
		const faulty = await actions('station=W-1&faulty=1');
		for (const action of ['Authorize', 'ClearCache', 'Reset', undefined]) assert.ok(faulty.includes(action), action);
		assert.ok(!faulty.includes('BootNotification') && !faulty.includes('GetLocalListVersion'));
		assert.deepEqual(await actions(`station=W-1&from=${encodeURIComponent(new Date(Date.now() + 60e3).toISOString())}`), []);
		const first = (await depotd.api('GET', '/wire?pairs=1&station=W-1&limit=2')).json;
		const next = (await depotd.api('GET', `/wire?pairs=1&station=W-1&limit=2&before=${first.next}`)).json;
		assert.equal(new Set([...first.pairs, ...next.pairs].map((p) => p.message_id)).size, 4);
		const frames = (await depotd.api('GET', '/wire?station=W-1&error=its%20own%20words')).json.frames;
		assert.deepEqual(frames.map((f) => f.direction), ['in']);
		const { stdout } = await ctl('wire', '--station', 'W-1', '--pairs', '--action', 'GetLocalListVersion');
		assert.match(stdout, /<- \[2,[^\n]*GetLocalListVersion[^\n]*\n +\d+ ms +-> \[3,/);
	});
});

describe('export', () => {
	const MANY = 6000;

	test('by direction, by how slowly it was answered, over all stations in bounded steps; as a table', async () => {
		const s = await booted(depotd, 'W-SLOW', { handlers: { GetLocalListVersion: async () => (await sleep(400), { versionNumber: 7 }) } });
		await depotd.api('POST', '/stations/W-SLOW/calls', { action: 'GetLocalListVersion', payload: {} });
		const slow = await until('it', async () => {
			const found = (await pairs('slower=300&direction=out&action=GetLocalListVersion&limit=1000')).filter((p) => p.station === 'W-SLOW');
			return found.length === 1 && found[0].reply && found;
		});
		assert.ok(slow[0].latency_ms >= 300);
		assert.equal((await pairs('station=W-SLOW&slower=100000&action=BootNotification')).length, 0);
		assert.ok((await pairs('station=W-SLOW&direction=in')).every((p) => p.direction === 'in'));
		assert.equal((await depotd.api('GET', '/wire?direction=up')).status, 400);
		for (let i = 0; i < 40; i++) await Promise.all(Array.from({ length: 260 }, () => s.call('Heartbeat', {})));
		await until('more than one search takes', async () => {
			const page = (await depotd.api('GET', '/wire?pairs=1&text=nobody-said-this')).json;
			return page.searched_to && page.next && page.pairs.length === 0;
		});
		let next, found = [];
		for (let i = 0; i < 10 && found.length === 0; i++) {
			const page = (await depotd.api('GET', `/wire?pairs=1&station=&action=GetLocalListVersion&slower=300${next ? `&before=${next}` : ''}`.replace('&station=', ''))).json;
			found = page.pairs.filter((p) => p.station === 'W-SLOW');
			next = page.next;
		}
		assert.equal(found.length, 1, 'found further back');
		const csv = await depotd.api('GET', '/wire/export?station=W-SLOW&action=GetLocalListVersion&format=csv');
		assert.match(csv.headers['content-type'], /^text\/csv/);
		const [head, line, ...rest] = csv.text.trimEnd().split('\n');
		assert.equal(head, 'at,station,direction,message_id,action,verdict,text');
		assert.match(line, /^"\d{4}-[^"]*","W-SLOW","out","[^"]+","GetLocalListVersion","","\[2,""/);
		assert.deepEqual(rest, []);
		await s.close();
	});

	test('all messages as JSON lines, oldest first, whatever their number; depotctl writes the same', async () => {
		const s = await booted(depotd, 'W-2');
		const big = 'x'.repeat(900);
		for (let i = 0; i < MANY; i++)
			s.text(`[2,"n${i}","Heartbeat",{"customData":{"vendorId":"${i}","big":"${big}"}}]`);
		await until('all answers', () => s.inbox.length >= MANY, 30000);
		await until('them in the log', async () => (await depotd.api('GET', `/wire?station=W-2&message_id=n${MANY - 1}`)).json.frames.length === 2);
		const r = await depotd.api('GET', '/wire/export?station=W-2&action=Heartbeat');
		assert.equal(r.headers['content-type'], 'application/x-ndjson');
		const lines = r.text.trimEnd().split('\n').map((l) => JSON.parse(l));
		assert.equal(lines.length, MANY);
		lines.forEach((l, i) => assert.equal(l.message_id, `n${i}`));
		assert.deepEqual(Object.keys(lines[0]), ['at', 'station', 'direction', 'message_id', 'action', 'text']);
		assert.ok(r.text.length > 5e6, 'more than any queue holds');
		const file = join(depotd.dir, 'export.jsonl');
		await ctl('wire', '--station', 'W-2', '--action', 'Heartbeat', '--export', file);
		assert.equal(readFileSync(file, 'utf8'), r.text);
		const { stdout } = await ctl('wire', '--message-id', 'n7', '--export', '-');
		assert.equal(stdout.trimEnd().split('\n').length, 2);
		await assert.rejects(ctl('wire', '--export', file), /cannot be made/, 'a file that is there stays');
		const bad = join(depotd.dir, 'bad.jsonl');
		await assert.rejects(ctl('wire', '--from', 'yesterday', '--export', bad), /must be a time/);
		assert.equal(existsSync(bad), false);
		await s.close();
	});

	test('a client that reads slowly, or goes away, holds up nobody', async () => {
		const open = () => new Promise((ok, bad) => {
			const req = http.request({ socketPath: join(depotd.data, 'depotd.sock'), path: '/api/v1/wire/export', agent: false }, ok);
			req.on('error', bad);
			req.end();
		});
		const slow = await open(), gone = await open();
		slow.pause();
		gone.destroy();
		for (let i = 0; i < 20; i++) {
			assert.equal((await depotd.api('GET', '/overview')).status, 200);
			await sleep(20);
		}
		let size = 0;
		slow.on('data', (d) => (size += d.length)).resume();
		await new Promise((r) => slow.on('end', r));
		assert.ok(size > 5e6, `${size} bytes`);
		assert.equal((await depotd.api('HEAD', '/wire/export')).status, 200);
		const metrics = (await depotd.api('GET', '/metrics')).text;
		assert.ok(metrics, 'it lives');
	});
});

describe('replay', () => {
	const idToken = { idToken: '04AA55', type: 'ISO14443' };
	const event = (eventType, seqNo, more = {}) => ({
		eventType, seqNo, timestamp: now(), triggerReason: 'Authorized', evse: { id: 1, connectorId: 1 },
		transactionInfo: { transactionId: 'tape-1' }, meterValue: [{ timestamp: now(), sampledValue: [{ value: 1000 + seqNo }] }], ...more,
	});

	/** A conversation with all that a tape has to keep, and its export. */
	async function record() {
		await depotd.api('PUT', '/tokens/ISO14443/04AA55', { status: 'Accepted' });
		const s = await booted(depotd, 'TAPE-1', { handlers: {
			GetVariables: ({ getVariableData }) => ({ getVariableResult: getVariableData.map((v) => ({ ...v, attributeStatus: 'Accepted', attributeValue: '42' })) }),
		} });
		await s.call('StatusNotification', { timestamp: now(), connectorStatus: 'Occupied', evseId: 1, connectorId: 1 });
		await s.call('Authorize', { idToken });
		await s.say('[2,"broken",');
		await s.ask('Authorize', { nothing: 'of use' });
		const started = event('Started', 0, { idToken });
		await s.ask('TransactionEvent', started, 'tx-0');
		await s.ask('TransactionEvent', started, 'tx-0'); // a retry stays a retry
		await depotd.api('POST', '/stations/TAPE-1/calls', { action: 'GetVariables', payload: { getVariableData: [{ component: { name: 'A' }, variable: { name: 'b' } }] } });
		await s.call('TransactionEvent', event('Updated', 1));
		await s.call('TransactionEvent', event('Ended', 2));
		await s.close();
		const file = join(depotd.dir, 'tape.jsonl');
		await until('the end in the log', async () => (await pairs('station=TAPE-1&text=Ended'))[0]?.reply);
		await ctl('wire', '--station', 'TAPE-1', '--export', file);
		return file;
	}

	const replay = (d, file, ...more) => run(join(BUILD, 'depotctl'), ['replay', file, '--station', 'TAPE-2', '--password', PASSWORD,
		'--to', `ws://127.0.0.1:${d.ports.profile1}/ocpp`, ...more]).then((r) => ({ code: 0, ...r }), (e) => e);

	test('the conversation of one station plays on another instance as another: the same, or where not', async () => {
		const file = await record();
		const d = await new Depotd().start();
		try {
			await register(d, 'TAPE-2');
			await d.api('PUT', '/tokens/ISO14443/04AA55', { status: 'Accepted' });
			let r = await replay(d, file, '--as-fast', '--shift');
			assert.equal(r.code, 0, r.stdout + r.stderr);
			assert.match(r.stdout, /9 messages in .*: 8 answered as recorded, 0 differently, 0 not at all/);
			const t = (await d.api('GET', '/transactions/TAPE-2/tape-1')).json;
			assert.deepEqual([t.transaction.state, t.transaction.complete, t.events.length], ['ended', true, 3]);
			await d.api('PUT', '/tokens/ISO14443/04AA55', { status: 'Blocked' });
			r = await replay(d, file, '--speed', '5');
			assert.equal(r.code, 1, r.stdout);
			assert.match(r.stdout, /line \d+: Authorize is answered differently\n  recorded: .*Accepted.*\n  now:      .*Blocked/);
			assert.match(r.stdout, /Different\./);
			await register(d, 'TAPE-2', { password: 'quite_another-Passw0rd' });
			r = await replay(d, file);
			assert.equal(r.code, 3, r.stdout);
			assert.match(r.stderr, /cannot connect as TAPE-2/);
			r = await replay(d, join(d.dir, 'none.jsonl'));
			assert.match(r.stderr, /none\.jsonl: No such file/);
			writeFileSync(join(d.dir, 'bad.jsonl'), '{"at":"x"}\n');
			assert.match((await replay(d, join(d.dir, 'bad.jsonl'))).stderr, /line 1 is no line of an export/);
		} finally {
			await d.clean();
		}
	});
});

describe('a disk that is nearly full', () => {
	test('messages are no longer recorded, once said and counted; the journal goes on', async (t) => {
		const d = new Depotd({ config: 'data_transfer:\n  - {vendor: org.example}\n' });
		mkdirSync(d.data, { mode: 0o700 });
		if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m,mode=700', 'none', d.data]).status !== 0) {
			await d.clean();
			return t.skip('may not mount');
		}
		const filler = join(d.data, 'filler');
		const lost = async () => Number(/^depotd_db_lost_total (\d+)$/m.exec((await d.api('GET', '/metrics')).text)[1]);
		const tell = (s, n) => s.call('DataTransfer', { vendorId: 'org.example', data: `n${n}` });
		const found = async (text) => (await d.api('GET', `/wire?station=TIGHT-1&text=${text}`)).json.frames.length;
		try {
			await d.start();
			const s = await booted(d, 'TIGHT-1');
			await tell(s, 1);
			await until('it in the log', () => found('n1'));
			const { bavail, bsize } = statfsSync(d.data);
			writeFileSync(filler, Buffer.alloc(bavail * bsize - (1500 << 10)));
			await until('the recorder to rest', async () => (await tell(s, 2)) && /nearly full/.test(d.logged()));
			const before = await lost();
			for (let i = 0; i < 100; i++) await tell(s, 3);
			await until('frames to be counted as lost', async () => (await lost()) >= before + 200);
			assert.equal(await found('n3'), 0);
			assert.equal(d.logged().match(/store: the disk of .* is nearly full/g).length, 1);
			assert.equal((await d.api('GET', '/readyz')).status, 200);
			rmSync(filler);
			await until('room again', async () => (await tell(s, 4)) && (await found('n4')));
			assert.match(d.logged(), /there is room again/);
			const all = (await d.api('GET', '/journal?stream=station/TIGHT-1&type=VendorDataReceived&limit=1000')).json.events;
			assert.ok(all.length >= 103, 'all of it is in the journal');
			await s.close();
		} finally {
			if (d.child?.exitCode === null) await d.stop('SIGKILL');
			spawnSync('umount', [d.data]);
			await d.clean();
		}
	});
});
