// Bad days: what cannot start says what to do and exits with an error; what runs loses nothing that
// it answered when the disk is full, files are few, or it is told to stop in the middle of it all.
import test, { after, before, describe } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { BUILD, Depotd, sleep, until } from './harness.mjs';
import { Station, Tcp, booted, register } from './peer.mjs';

const depot = `
depot: badday
name: Bad day
timezone: UTC
nodes:
  - {id: site, kind: site, limit_w: 500000}
`;
const now = () => new Date().toISOString();
const program = join(BUILD, 'depotd');
const ctl = join(BUILD, 'depotctl');

/** Runs depotd and waits for its end; it gets 10 s. */
function run(args, options = {}) {
	const r = spawnSync(program, args, { timeout: 10000, encoding: 'utf8', ...options });
	return { code: r.status, signal: r.signal, text: `${r.stdout}${r.stderr}` };
}

/** A folder with a config and a depot's file. */
class Folder {
	constructor({ config = 'depot: depot.yaml\nlisten: {profile1: {port: 0}, profile2: {port: 0}, console: {port: 0}}\n', depot: file = depot } = {}) {
		this.dir = mkdtempSync(join(tmpdir(), 'depotd-badday-'));
		this.config = join(this.dir, 'depotd.yaml');
		this.data = join(this.dir, 'data');
		if (config !== null) writeFileSync(this.config, config);
		if (file !== null) writeFileSync(join(this.dir, 'depot.yaml'), file);
	}

	run(...more) {
		return run(['--config', this.config, '--data', this.data, ...more]);
	}

	remove() {
		rmSync(this.dir, { recursive: true, force: true });
	}
}

/** It ended with an error by itself, and said so in one line for a person. */
function refuses(r, ...words) {
	assert.equal(r.signal, null, r.text);
	assert.equal(r.code, 1, r.text);
	const line = r.text.split('\n').find((l) => l.startsWith('depotd: '));
	assert.ok(line, `no line for a person: ${r.text}`);
	for (const w of words) assert.match(line, w);
}

/** Files of a folder, not those below it. */
const filesOf = (dir) => readdirSync(dir, { withFileTypes: true }).filter((e) => e.isFile()).map((e) => e.name);

describe('what cannot start says what to do', () => {
	const node = (more) => depot.replace(/nodes:[^]*/, `nodes:\n  - {id: site, kind: site, limit_w: 60000}\n${more}`);
	const station = (more) => `${depot}stations:\n  - {id: A, node: site, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 1380}]}\n${more}`;

	// name, config, depot's file, words
	const table = [
		['a config that is not there', null, depot, [/depotd\.yaml: No such file/]],
		['an empty config', '', depot, [/depotd\.yaml/, /depot/]],
		['a tab in YAML', 'depot: depot.yaml\nlimits:\n\tmax_depth: 8\n', depot, [/depotd\.yaml:3: /]],
		['YAML that does not end', 'depot: depot.yaml\nlisten: {console: {on: true\n', depot, [/depotd\.yaml:\d+: /]],
		['a field that does not exist', 'depot: depot.yaml\n\ncolour: red\n', depot, [/depotd\.yaml:3: colour/]],
		['a field given twice', 'depot: depot.yaml\ndepot: other.yaml\n', depot, [/depotd\.yaml:2: depot/]],
		['a number out of range', 'depot: depot.yaml\nlisten:\n  console: {address: 127.0.0.1, port: 99999}\n', depot, [/:3: listen\.console\.port: .*65535/]],
		['a word for a number', 'depot: depot.yaml\nlimits: {max_depth: deep}\n', depot, [/:2: limits\.max_depth/]],
		['NUL bytes', 'depot: depot.yaml\0\0\0', depot, [/depotd\.yaml:1/]],
		['a file of random bytes', Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919) % 256)), depot, [/depotd\.yaml/]],
		['no depot’s file', 'depot: nowhere.yaml\n', depot, [/nowhere\.yaml: No such file/]],
		['a depot without nodes', undefined, depot.replace(/nodes:[^]*/, ''), [/depot\.yaml:\d+: nodes/]],
		['a zone that does not exist', undefined, depot.replace('UTC', 'Mars/Olympus'), [/depot\.yaml:\d+: timezone: "Mars\/Olympus"/]],
		['an unknown parent', undefined, node('  - {id: f, kind: feeder, parent: nope, limit_w: 6000}\n'), [/\bf: .*nope/]],
		['a node that is its own parent', undefined, node('  - {id: f, kind: feeder, parent: f, limit_w: 6000}\n'), [/\bf\b/]],
		['a register map that is not there', undefined, `${depot}meters:\n  - {id: m, map: eastron-sdm999, tcp: {host: 127.0.0.1, port: 1502}}\n`, [/depot\.yaml:\d+: meters\[0\]\.map: .*eastron-sdm999/]],
		['phases that nobody measures', undefined, node('  - {id: f, kind: feeder, parent: site, limit_w: 6000, imbalance_a: 20}\n'), [/depot\.yaml:\d+: nodes\[\d+\]\.imbalance_a: .*meter/]],
		['a node that is there twice', undefined, node('  - {id: f, kind: feeder, parent: site, limit_w: 6000}\n  - {id: f, kind: feeder, parent: site, limit_w: 6000}\n'), [/\bf\b/]],
		['tails that do not fit', undefined, `${node('  - {id: yard, kind: feeder, parent: site, limit_w: 6000}\n')}stations:
  - {id: A, node: yard, evses: [{id: 1, kind: ac, max_w: 22000, min_w: 1380, tail_w: 7000}]}\n`, [/\byard: .*7000 W/]],
		['a station at no node', undefined, station('  - {id: B, node: roof, evses: [{id: 1, kind: ac, max_w: 22000}]}\n'), [/depot\.yaml:\d+: stations\[1\]\.node: .*"roof"/]],
		['a station that is there twice', undefined, station('  - {id: a, node: site, evses: [{id: 1, kind: ac, max_w: 22000}]}\n'), [/depot\.yaml:\d+: stations\[1\]\.id: .*twice/]],
		['a power of a power station', undefined, station('').replace('max_w: 22000', 'max_w: 2200000000'), [/evses\[0\]\.max_w/]],
		['three phases on one', undefined, station('').replace('max_w: 22000', 'max_w: 22000, phases: 3, rotation: R'), [/stations\[0\]\.evses\[0\]\.rotation: .*"R".*phases: 1/]],
		['a departure at 25:00', undefined, `${depot}vehicles:\n  - {id: V, battery_wh: 60000, max_ac_w: 11000, max_dc_w: 80000, departs: "25:00"}\n`, [/vehicles\[0\]\.departs/]],
		['aliases that unfold without end', undefined, `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c]\n${depot}`, [/depot\.yaml/]],
	];
	for (const [name, config, file, words] of table)
		test(`${name}: told with file and place, by --check too`, () => {
			const f = new Folder({ config, depot: file });
			try {
				refuses(f.run(), ...words);
				refuses(run(['--config', f.config, '--check']), ...words);
			} finally {
				f.remove();
			}
		});

	test('arguments that make no sense: help and exit code 2', () => {
		for (const args of [[], ['--config'], ['--config', 'x'], ['--nonsense'], ['--config', 'x', '--data', 'y', 'more'], ['--config', 'x', '--data', 'y', '--speed', '0']]) {
			const r = run(args);
			assert.equal(r.code, 2, `${args}: ${r.text}`);
			assert.match(r.text, /usage: depotd/);
		}
		assert.equal(run(['--help']).code, 0);
		assert.match(run(['--version']).text, /^depotd \S+\n$/);
	});

	test('--check of good files says what they hold, and touches nothing', () => {
		const f = new Folder({ depot: station('') });
		const r = run(['--config', f.config, '--check']);
		assert.equal(r.code, 0, r.text);
		assert.match(r.text, /1 nodes, 1 stations/);
		assert.equal(f.run('--check').code, 0);
		assert.ok(!existsSync(f.data));
		f.remove();
	});

	test('--check warns of tails that let no van charge, and of phases that nobody wrote', () => {
		const evses = (more) => `[{id: 1, kind: ac, max_w: 11000, min_w: 1380, ${more}}]`;
		const file = (limit, more) => `${depot.replace('limit_w: 500000', `limit_w: 500000${limit}`)}stations:\n  - {id: A, node: site, evses: ${evses(more)}}\nvehicles:\n  - {id: V, battery_wh: 60000, max_ac_w: 7400, max_dc_w: 0, phases: 1, departs: "06:00"}\n`;
		for (const [text, words] of [
			[file('', 'tail_w: 1380'), /warning: .*depot\.yaml:\d+: stations\[0\]\.evses\[0\]\.tail_w: a tail of 1380 W on 3 phases is 2\.0 A/],
			[file(', limit_a: 100', 'tail_w: 4140'), /warning: .*depot\.yaml:\d+: stations\[0\]\.evses\[0\]: nobody wrote on which phases of the grid it hangs.*each phase of site/],
			[file(', limit_a: 100', 'tail_w: 4140, rotation: STR'), undefined],
			[file('', 'tail_w: 4140'), undefined],
		]) {
			const f = new Folder({ depot: text });
			const r = run(['--config', f.config, '--check']);
			assert.equal(r.code, 0, r.text);
			if (words) assert.match(r.text, words);
			else assert.doesNotMatch(r.text, /warning/);
			f.remove();
		}
	});

	test('a port in use: which one, and which line of the config to change', async () => {
		const taken = net.createServer().listen(0, '127.0.0.1');
		await until('the port', () => taken.listening);
		const { port } = taken.address();
		for (const name of ['profile1', 'profile2', 'console']) {
			const ports = Object.fromEntries(['profile1', 'profile2', 'console'].map((n) => [n, { address: '127.0.0.1', port: n === name ? port : 0 }]));
			const f = new Folder({ config: `depot: depot.yaml\nlisten: ${JSON.stringify(ports)}\n` });
			refuses(f.run(), new RegExp(`port ${port}`), /in use/, new RegExp(`listen\\.${name}\\.port`));
			f.remove();
		}
		taken.close();
	});

	test('an address that is not here, a data folder that cannot be', () => {
		let f = new Folder({ config: 'depot: depot.yaml\nlisten: {profile1: {address: 203.0.113.7, port: 0}}\n' });
		refuses(f.run(), /203\.0\.113\.7/);
		f.remove();
		f = new Folder();
		writeFileSync(f.data, 'a file');
		refuses(f.run(), /data/);
		refuses(run(['--config', f.config, '--data', join(f.data, 'below')]), /below: Not a directory/);
		refuses(run(['--config', f.config, '--data', '/proc/no-such-folder']), /no-such-folder/);
		f.remove();
		if (process.getuid() === 0) return;
		f = new Folder();
		mkdirSync(f.data, { mode: 0o500 });
		refuses(f.run(), /cannot write to the data directory/);
		f.remove();
	});
});

/** Sends events of its own transaction, one after the other; `acked` are the confirmed numbers. A
 * message that is not answered is sent again with the same id, as stations do. */
class Load {
	constructor(depotd, id, tx) {
		Object.assign(this, { depotd, id, tx, acked: [], seq: 0, refused: [], on: true });
	}

	async start() {
		this.station = await booted(this.depotd, this.id);
		this.done = this.work();
		return this;
	}

	event() {
		const at = now();
		return {
			eventType: this.seq ? 'Updated' : 'Started', seqNo: this.seq, timestamp: at, evse: { id: 1 },
			triggerReason: this.seq ? 'MeterValuePeriodic' : 'CablePluggedIn', transactionInfo: { transactionId: this.tx, chargingState: 'Charging' },
			meterValue: [{ timestamp: at, sampledValue: [{ value: 1000 + this.seq / 10 }] }],
		};
	}

	async work() {
		for (; this.on; this.seq++) {
			const payload = this.event();
			for (let answer; this.on && !answer; ) {
				answer = await Promise.race([this.station.ask('TransactionEvent', payload, `${this.tx}-${this.seq}`).catch(() => null), sleep(1500)]);
				if (answer === null) return;
				if (answer?.[0] === 3) this.acked.push(this.seq);
				else if (answer) this.refused.push(answer);
			}
		}
	}

	async stop() {
		this.on = false;
		await this.done;
		await this.station.close();
	}

	/** Everything that was answered is there. */
	async check() {
		const r = await this.depotd.api('GET', `/transactions/${this.id}/${this.tx}`);
		assert.equal(r.status, 200, `${this.id}: ${this.acked.length} answered, ${r.text}`);
		const there = new Set(r.json.events.map((e) => e.payload.seq_no));
		const lost = this.acked.filter((n) => !there.has(n));
		assert.deepEqual(lost, [], `${this.id}: answered and lost`);
		assert.deepEqual(this.refused, []);
	}
}

function sound(depotd) {
	execFileSync(ctl, ['verify', '--data', depotd.data], { stdio: 'pipe' });
	execFileSync(ctl, ['rebuild', '--check', '--data', depotd.data], { stdio: 'pipe' });
}

describe('a store that is damaged or taken', () => {
	let d, good;
	before(async () => {
		d = await new Depotd({ depot }).start();
		const load = await new Load(d, 'SEED-1', 'seed').start();
		await until('events', () => load.acked.length > 200);
		await load.stop();
	});
	after(() => d?.clean());
	const again = () => run(['--config', join(d.dir, 'depotd.yaml'), '--data', d.data]);
	const check = () => run(['--config', join(d.dir, 'depotd.yaml'), '--data', d.data, '--check']);

	test('a second depotd on the same folder is refused with the pid of the first, which goes on', async () => {
		refuses(again(), new RegExp(`pid ${d.child.pid}`), /stop it first/);
		const s = await new Station(d, 'SEED-1').connect();
		await s.call('Heartbeat', {});
		await s.close();
		await d.stop();
		good = readFileSync(join(d.data, 'depot.db'));
		sound(d);
		assert.equal(check().code, 0);
	});

	test('damage is told, with what to do, and nothing is overwritten', () => {
		const file = join(d.data, 'depot.db');
		const scribbled = Buffer.from(good);
		scribbled.fill(0xa5, Math.floor(good.length / 3), Math.floor(good.length / 3) + 3 * 4096);
		for (const bytes of [Buffer.from('this is no database\n'.repeat(500)), good.subarray(0, Math.floor(good.length / 2)), Buffer.concat([Buffer.alloc(100), good.subarray(100)])]) {
			writeFileSync(file, bytes);
			refuses(again(), /depot\.db|data/, /backup|damaged/);
			refuses(check(), /./);
			assert.ok(readFileSync(file).equals(bytes), 'as it was');
		}
		writeFileSync(file, scribbled);
		refuses(check(), /./);
		writeFileSync(file, good);
		assert.equal(check().code, 0);
	});

	test('a journal that somebody edited is found by --check and by verify', () => {
		const file = join(d.data, 'depot.db');
		const at = good.lastIndexOf('CablePluggedIn');
		assert.ok(at > 0);
		const edited = Buffer.from(good);
		edited.write('CableUnplugged', at);
		writeFileSync(file, edited);
		refuses(check(), /./);
		assert.notEqual(spawnSync(ctl, ['verify', '--data', d.data]).status, 0);
		writeFileSync(file, good);
		sound(d);
	});

	test('keys that are broken or gone are told', () => {
		const pki = join(d.data, 'pki'), kept = mkdtempSync(join(tmpdir(), 'depotd-pki-'));
		const files = filesOf(pki);
		for (const f of files) copyFileSync(join(pki, f), join(kept, f));
		for (const f of files.filter((x) => /\.(key|pem)$/.test(x))) {
			writeFileSync(join(pki, f), 'not a key\n');
			const r = spawnSync(program, ['--config', join(d.dir, 'depotd.yaml'), '--data', d.data], { timeout: 700, killSignal: 'SIGKILL', encoding: 'utf8' });
			if (r.status !== null) assert.match(r.stderr, /depotd: .*(pki|certificate|key)/, `${f}: ${r.stderr}`);
			for (const g of files) copyFileSync(join(kept, g), join(pki, g));
		}
		rmSync(kept, { recursive: true });
	});

	test('it starts again as if nothing had been', async () => {
		await d.start();
		assert.equal((await d.api('GET', '/transactions/SEED-1/seed')).status, 200);
		await d.stop();
	});
});

describe('a disk that is full', () => {
	/** Fills up, sees that nothing is answered, makes room, sees that all that was answered is there. */
	async function fullDisk(d, fill, free) {
		await d.start();
		const loads = await Promise.all(Array.from({ length: 6 }, (_, i) => new Load(d, `FULL-${i}`, `full-${i}`).start()));
		await until('load', () => loads.every((l) => l.acked.length > 20));
		fill();
		const health = await until('the store to be full', async () => {
			const r = await d.api('GET', '/readyz');
			return r.status === 503 && r;
		}, 20000);
		assert.match(health.json.what, /room|write/);
		assert.equal((await d.api('GET', '/livez')).status, 200);
		const answered = () => loads.reduce((n, l) => n + l.acked.length, 0);
		await sleep(300);
		const before = answered();
		await sleep(2000); // stations repeat what is not answered meanwhile
		assert.equal(answered(), before, 'nothing is answered that is not on disk');
		const calm = await new Station(d, 'FULL-0').connect(); // takes the place of a load
		await calm.call('Heartbeat', {});
		await calm.close();
		free();
		await until('the store to be well again', async () => (await d.api('GET', '/readyz')).status === 200);
		const rest = loads.slice(1), had = rest.map((l) => l.acked.length);
		await until('answers again', () => rest.every((l, i) => l.acked.length > had[i] + 10), 20000);
		for (const l of loads) await l.stop();
		for (const l of loads) await l.check();
		assert.match(d.logged(), /level=(error|warn) /);
		assert.deepEqual(await d.stop(), { code: 0, signal: null });
		sound(d);
		await d.start();
		for (const l of loads) await l.check();
		await d.stop();
	}

	test('a small file system fills up and gets room again', async (t) => {
		const d = new Depotd({ depot });
		mkdirSync(d.data, { mode: 0o700 });
		if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=700', 'none', d.data]).status !== 0) {
			await d.clean();
			return t.skip('may not mount');
		}
		const filler = join(d.data, 'filler');
		try {
			await fullDisk(d, () => {
				try {
					writeFileSync(filler, Buffer.alloc(64 << 20));
				} catch (e) {
					assert.equal(e.code, 'ENOSPC');
				}
			}, () => rmSync(filler));
		} finally {
			if (d.child?.exitCode === null) await d.stop('SIGKILL');
			spawnSync('umount', [d.data]);
			await d.clean();
		}
	});

	test('a full queue: what it refused is a new message when the station repeats it', async (t) => {
		const d = new Depotd({ depot, config: 'limits: {messages_per_s: 100000, message_burst: 100000}\n' });
		mkdirSync(d.data, { mode: 0o700 });
		if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128m,mode=700', 'none', d.data]).status !== 0) {
			await d.clean();
			return t.skip('may not mount');
		}
		const filler = join(d.data, 'filler');
		let on = true;
		try {
			await d.start();
			const s = await booted(d, 'QUEUE-1');
			const crowd = await Promise.all(Array.from({ length: 30 }, (_, i) => booted(d, `CROWD-${i}`)));
			const event = (seqNo) => s.ask('TransactionEvent', { eventType: seqNo ? 'Updated' : 'Started', seqNo, timestamp: '2026-01-01T00:00:00Z',
				triggerReason: 'CablePluggedIn', transactionInfo: { transactionId: 'q' }, evse: { id: 1 } }, `q-${seqNo}`);
			assert.equal((await event(0))[0], 3);
			try {
				writeFileSync(filler, Buffer.alloc(160 << 20));
			} catch (e) {
				assert.equal(e.code, 'ENOSPC');
			}
			const beats = crowd.map(async (h) => {
				while (on) await h.call('Heartbeat', {}); // each a turn of the loop
			});
			const refused = async () => Number(/^depotd_db_refused_total (\d+)$/m.exec((await d.api('GET', '/metrics')).text)[1]);
			await until('the queue to be full', async () => (await refused()) > 0, 60000);
			assert.equal(await Promise.race([event(1), sleep(700)]), undefined);
			on = false;
			await Promise.all(beats);
			rmSync(filler);
			await until('the store to be well again', async () => (await d.api('GET', '/readyz')).status === 200);
			await until('an answer', async () => (await Promise.race([event(1), sleep(1000)]))?.[0] === 3);
			assert.deepEqual((await d.api('GET', '/transactions/QUEUE-1/q')).json.events.map((e) => e.payload.seq_no), [0, 1]);
		} finally {
			on = false;
			if (d.child?.exitCode === null) await d.stop('SIGKILL');
			spawnSync('umount', [d.data]);
			await d.clean();
		}
	});

	test('files that may not grow, and then may again', async () => {
		const d = new Depotd({ depot, wrap: ['sh', '-c', 'trap "" XFSZ; exec "$0" "$@"'] });
		const limit = (bytes) => execFileSync('prlimit', ['--pid', String(d.child.pid), `--fsize=${bytes}:`]);
		try {
			await fullDisk(d, () => limit(statSync(join(d.data, 'depot.db-wal')).size), () => limit('unlimited'));
		} finally {
			await d.clean();
		}
	});

	test('it does not start where there is no room, and says so', async (t) => {
		const f = new Folder();
		mkdirSync(f.data);
		if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k,mode=700', 'none', f.data]).status !== 0) {
			f.remove();
			return t.skip('may not mount');
		}
		try {
			refuses(f.run(), /room|space|full/i);
		} finally {
			spawnSync('umount', [f.data]);
			f.remove();
		}
	});
});

describe('signals and scarcity', () => {
	test('requests on connections that were kept open are told that depotd stops', async () => {
		const d = await new Depotd({ depot }).start();
		try {
			const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
			const get = () => new Promise((ok) => {
				const r = http.request({ socketPath: join(d.data, 'depotd.sock'), agent, path: '/api/v1/stations' }, (res) => {
					res.resume();
					res.on('end', () => ok(res.statusCode));
				});
				r.on('error', (e) => ok(e.code));
				r.end();
			});
			const four = () => Promise.all([get(), get(), get(), get()]);
			assert.deepEqual(await four(), [200, 200, 200, 200]);
			const end = d.stop();
			await until('the stop', () => /stopping/.test(d.logged()));
			for (const answer of await four()) assert.equal(answer, 503);
			/* … and closed: the next finds nobody */
			for (const answer of await four()) assert.match(String(answer), /ENOENT|ECONN|EPIPE/);
			assert.deepEqual(await end, { code: 0, signal: null });
		} finally {
			await d.clean();
		}
	});

	test('SIGTERM under load: gone within 5 s with code 0, stations told 1001, nothing answered is lost', async () => {
		const d = await new Depotd({ depot }).start();
		try {
			const loads = await Promise.all(Array.from({ length: 10 }, (_, i) => new Load(d, `TERM-${i}`, `term-${i}`).start()));
			await until('load', () => loads.every((l) => l.acked.length > 20));
			const crowd = Array.from({ length: 20 }, () => new Tcp(d.ports.profile1)); // and some that say nothing
			await Promise.all(crowd.map((t) => t.open));
			const begin = Date.now();
			const end = d.stop();
			d.child.kill('SIGTERM'); // impatience changes nothing
			const codes = await Promise.all(loads.map((l) => l.station.closed));
			assert.deepEqual(await end, { code: 0, signal: null });
			assert.ok(Date.now() - begin < 5000, `${Date.now() - begin} ms`);
			assert.deepEqual(codes.map((c) => c.code), Array(10).fill(1001));
			for (const l of loads) l.on = false;
			for (const t of crowd) t.destroy();
			sound(d);
			await d.start();
			for (const l of loads) await l.check();
			assert.ok(!existsSync(join(d.data, 'depot.db-wal')) || statSync(join(d.data, 'depot.db-wal')).size < 8 << 20);
		} finally {
			await d.clean();
		}
	});

	test('SIGHUP reads the certificates again; broken ones are told and the old stay in use', async () => {
		const d = await new Depotd({ depot }).start();
		try {
			const load = await new Load(d, 'HUP-1', 'hup').start();
			const pki = join(d.data, 'pki'), files = filesOf(pki).filter((f) => !/root/.test(f));
			const kept = Object.fromEntries(files.map((f) => [f, readFileSync(join(pki, f))]));
			const greet = () => new Promise((ok, bad) => {
				const s = tls.connect({ host: '127.0.0.1', port: d.ports.profile2, servername: 'localhost', ca: readFileSync(d.root()) },
					() => ok((s.destroy(), true)));
				s.on('error', bad);
			});
			assert.ok(await greet());
			d.child.kill('SIGHUP');
			await until('the reload', () => /certificates reloaded/.test(d.logged()));
			for (const f of files) writeFileSync(join(pki, f), 'broken\n');
			d.child.kill('SIGHUP');
			await until('the refusal', () => /certificates were not reloaded/.test(d.logged()));
			assert.ok(await greet(), 'the old ones serve on');
			for (const f of files) writeFileSync(join(pki, f), kept[f]);
			for (let i = 0; i < 50; i++) d.child.kill('SIGHUP');
			const n = load.acked.length;
			await until('the station to go on', () => load.acked.length > n + 50);
			assert.ok(await greet());
			await load.stop();
			await load.check();
			assert.deepEqual(await d.stop(), { code: 0, signal: null });
		} finally {
			await d.clean();
		}
	});

	test('a server certificate that was replaced is shown without a signal, and no connection drops', async () => {
		const d = await new Depotd({ depot, config: 'trust: {look_s: 1}\n' }).start();
		try {
			const load = await new Load(d, 'WATCH-1', 'watch').start();
			const pki = (f) => join(d.data, 'pki', f);
			const shown = () => new Promise((ok, bad) => {
				const s = tls.connect({ host: '127.0.0.1', port: d.ports.profile2, servername: 'localhost', ca: readFileSync(d.root()), ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
					maxVersion: 'TLSv1.2' }, () => {
					const { serialNumber } = s.getPeerCertificate();
					s.destroy();
					ok(serialNumber);
				});
				s.on('error', bad);
			});
			writeFileSync(join(d.dir, 'san'), 'subjectAltName=DNS:localhost\n');
			const csr = execFileSync('openssl', ['req', '-new', '-key', pki('server-ecdsa.key'), '-subj', '/O=depotd/CN=localhost']);
			const made = execFileSync('openssl', ['x509', '-req', '-CA', pki('root.pem'), '-CAkey', pki('root.key'), '-set_serial', '0x4711', '-days', '9', '-extfile', join(d.dir, 'san')],
				{ input: csr, stdio: ['pipe', 'pipe', 'ignore'] });
			assert.notEqual(await shown(), '4711');
			writeFileSync(pki('server-ecdsa.pem'), made);
			await until('the new one', async () => (await shown()) === '4711', 20000);
			const alarm = await until('its alarm', async () => (await d.api('GET', '/alarms')).json.alarms.find((a) => a.subject === 'server-ecdsa.pem'), 20000);
			assert.match(alarm.text, /pki\/server-ecdsa\.pem ends in [89] days/);
			await load.stop();
			await load.check();
		} finally {
			await d.clean();
		}
	});

	test('nobody reads its log any more: it works on', async () => {
		const d = await new Depotd({ depot }).start();
		try {
			d.child.stderr.destroy();
			const s = await booted(d, 'LOG-1');
			for (let i = 0; i < 5; i++) await s.ask('NoSuchAction', {});
			await s.close();
			const t = await new Station(d, 'LOG-1').connect();
			await t.call('Heartbeat', {});
			await t.close();
			assert.deepEqual(await d.stop(), { code: 0, signal: null });
		} finally {
			await d.clean();
		}
	});

	test('no file descriptors left: who is there is served, and others when some are free again', async () => {
		const d = await new Depotd({ depot }).start();
		const crowd = [];
		try {
			const s = await booted(d, 'FD-1');
			await register(d, 'FD-2');
			const used = readdirSync(`/proc/${d.child.pid}/fd`).length;
			execFileSync('prlimit', ['--pid', String(d.child.pid), `--nofile=${used + 20}:`]);
			for (let i = 0; i < 200; i++) {
				crowd.push(new Tcp(d.ports.profile1));
				crowd.at(-1).open.catch(() => {});
			}
			await sleep(500);
			const cpu = () => readFileSync(`/proc/${d.child.pid}/stat`, 'utf8').split(' ').slice(13, 15).reduce((a, x) => a + Number(x), 0);
			const begin = cpu();
			for (let i = 0; i < 20; i++) {
				await s.call('Heartbeat', {});
				await sleep(50);
			}
			assert.ok(cpu() - begin < 60, `${cpu() - begin} ticks of CPU in a second of waiting`);
			for (const t of crowd) t.destroy();
			await sleep(200);
			await until('a place', async () => {
				const t = await new Station(d, 'FD-2').connect();
				await t.boot();
				await t.close();
				return true;
			});
			await s.call('Heartbeat', {});
			await s.close();
			assert.deepEqual(await d.stop(), { code: 0, signal: null });
		} finally {
			for (const t of crowd) t.destroy();
			await d.clean();
		}
	});

	test('killed at any moment of its first start, it starts the next time', async () => {
		const d = new Depotd({ depot });
		try {
			for (const ms of [5, 20, 40, 70, 110, 160, 220, 300]) {
				const child = spawn(program, ['--config', join(d.dir, 'depotd.yaml'), '--data', d.data], { stdio: 'ignore' });
				await sleep(ms);
				child.kill('SIGKILL');
				await new Promise((r) => (child.exitCode ?? child.signalCode) === null ? child.on('exit', r) : r());
			}
			await d.start();
			const s = await booted(d, 'KILL-1');
			assert.equal((await d.https('GET', '/livez')).status, 200);
			await s.close();
			await d.stop();
			sound(d);
		} finally {
			await d.clean();
		}
	});
});
