// A stationary battery that depotd commands by Modbus: depotsim plays it, with the site's meter, and
// goes its own way when nobody tells it any more.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BUILD, Depotd, until } from './harness.mjs';

/* One time for every run, as what a plan gives hangs on the hour: energy is dear now. */
const START = Date.parse('2026-11-24T09:20:00Z'), begun = process.hrtime.bigint();
const clock = ['--speed', '1', '--start', new Date(START).toISOString(), '--origin', String(begun / 1000n)];

let d, sim, ended, dir, ports;
const freePort = () => new Promise((ok) => {
	const s = net.createServer().listen(0, '127.0.0.1', () => {
		const { port } = s.address();
		s.close(() => ok(port));
	});
});

/* Holding registers of the battery, past depotd. */
const registers = (address, count) => new Promise((ok, bad) => {
	const s = net.connect(ports[1], '127.0.0.1', () => s.write(Buffer.from([0, 1, 0, 0, 0, 6, 1, 3, address >> 8, address & 255, 0, count])));
	s.once('data', (b) => {
		s.destroy();
		ok(Array.from({ length: count }, (_, i) => b.readUInt16BE(9 + 2 * i)));
	});
	s.once('error', bad);
});
const watts = async (address) => {
	const [high, low] = await registers(address, 2);
	return (high << 16) | low;
};
const drawn = () => watts(0);
const mode = async () => (await registers(10, 1))[0];

const get = async (path) => {
	const r = await d.api('GET', path);
	assert.equal(r.status, 200, r.text);
	return r.json;
};
const ctl = (...args) => spawnSync(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), ...args], { encoding: 'utf8' });
const store = async () => (await get('/storage')).batteries.find((b) => b.id === 'store');
/* The site's meter and the battery; `spike`: more of the house's load, from a time on. */
function play(spike = '') {
	const scenario = join(dir, 'scenario.yaml');
	writeFileSync(scenario, `base_load:\n  - {node: house, points: [{at: '00:00', w: 8000}, {at: '12:00', w: 8000}]}\n${spike}`);
	sim = spawn(join(BUILD, 'depotsim'), ['--depot', join(dir, 'depot.yaml'), '--scenario', scenario,
		'--csms', 'ws://127.0.0.1:1/ocpp', '--meter-maps', resolve('etc/meters'), '--quiet'], { stdio: ['ignore', 'inherit', 'inherit'] });
	return new Promise((ok) => sim.on('exit', ok));
}
const depot = (more, { site = 60000, cheap = "'12:00-24:00', '00:00-09:00'", dear = "'09:00-12:00'" } = {}) => `
depot: test
name: Test depot
timezone: UTC
nodes:
  - {id: site, kind: site, limit_w: ${site}, meter: main}
  - {id: house, kind: load, parent: site, limit_w: 20000}
  - {id: store, kind: storage, parent: site, meter: bess, battery_wh: 40000, charge_w: 20000, discharge_w: 20000, reserve_pct: 10, chemistry: lto${more}}
meters:
  - {id: main, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: ${ports[0]}}, poll_ms: 500}
  - {id: bess, map: depotsim-store, tcp: {host: 127.0.0.1, port: ${ports[1]}}, poll_ms: 500}
tariffs:
  - id: spread
    currency: EUR
    export: [{id: feed, price: 0.02}]
    import:
      - id: energy
        periods:
          - {id: dear, hours: [${dear}], price: 0.60}
          - {id: cheap, hours: [${cheap}], price: 0.10}
`;
const CONFIG = '\ncontrol: {replan_s: 5}\ndischarge: {replan_s: 10}\n';

before(async () => {
	dir = mkdtempSync(join(tmpdir(), 'depotd-stores-'));
	ports = [await freePort(), await freePort()];
	writeFileSync(join(dir, 'depot.yaml'), depot(', control: true'));
	ended = play();
});
after(async () => {
	sim?.kill();
	await d?.clean();
	rmSync(dir, { recursive: true, force: true });
});

test('by default a battery is read and not told anything: a what-if', async () => {
	d = await new Depotd({ depot: depot(''), config: CONFIG, args: clock }).start();
	const b = await until('a plan', store, 30000);
	assert.match(b.note, /^what-if: depotd may not command it/);
	assert.equal(b.told_w, undefined);
	assert.equal(await mode(), 0);
	assert.equal(await watts(12), 0);
	await d.clean();
});

test('what may be commanded must be known', () => {
	for (const [node, words] of [
		['{id: store, kind: storage, parent: site, control: true, charge_w: 1, discharge_w: 1, battery_wh: 1}', /needs `meter`/],
		['{id: store, kind: storage, parent: site, meter: bess, control: true, charge_w: 1, discharge_w: 1}', /battery_wh/],
		['{id: house, kind: load, parent: site, control: true}', /for nodes of kind storage/],
	]) {
		const file = join(dir, 'bad.yaml');
		writeFileSync(file, `depot: x\nname: X\ntimezone: UTC\nnodes:\n  - {id: site, kind: site, limit_w: 1000}\n  - ${node}\n`
			+ 'meters:\n  - {id: bess, map: eastron-sdm630, tcp: {host: 127.0.0.1}}\n');
		writeFileSync(join(dir, 'bad-depotd.yaml'), `depot: bad.yaml\nmeter_maps: ${resolve('etc/meters')}\n`);
		const r = spawnSync(join(BUILD, 'depotd'), ['--config', join(dir, 'bad-depotd.yaml'), '--data', join(dir, 'none'), '--check'], { encoding: 'utf8' });
		assert.notEqual(r.status, 0, node);
		assert.match(r.stdout + r.stderr, words);
	}
});

test('commanded, it feeds the house while energy is dear, again and again', async () => {
	d = await new Depotd({ depot: depot(', control: true'), config: CONFIG, args: clock }).start();
	await until('the battery to feed the house', async () => (await drawn()) < -4000, 40000);
	assert.ok((await drawn()) >= -8500, `${await drawn()} W: no more than the house draws is worth it`);
	assert.equal(await mode(), 1);
	const [beat] = await registers(11, 1);
	await until('another beat', async () => (await registers(11, 1))[0] !== beat);
	const b = await until('the word of it', async () => {
		const x = await store();
		return x?.told_w < 0 && !x.note && x;
	});
	assert.ok(b.told_at);
	assert.match(ctl('storage').stdout, /store +-[4-8]\.\d +-[4-8]\.\d/);
	const e = (await get('/journal?type=StoreTold&limit=5')).events[0];
	assert.equal(e.payload.commanded, true);
	assert.equal(e.payload.node, 'store');
});

test('the emergency stop holds it at 0 W, and the release lets it go on', async () => {
	assert.equal((await d.api('POST', '/discharge/stop', { why: 'smoke' })).status, 200);
	await until('0 W', async () => (await drawn()) === 0, 10000);
	assert.equal(await mode(), 1, 'held, not let go: by its own program it could discharge');
	assert.match((await store()).note, /discharging is stopped/);
	assert.equal((await d.api('POST', '/discharge/release', { why: 'a false alarm' })).status, 200);
	await until('it feeds again', async () => (await drawn()) < -4000, 30000);
});

test('a depotd that dies leaves it to its own watchdog; one that ends gives it back', async () => {
	d.child.kill('SIGKILL');
	await d.exited;
	assert.equal(await mode(), 1);
	await until('the watchdog', async () => (await drawn()) === 0, 20000);
	await d.start();
	await until('it feeds again', async () => (await drawn()) < -4000, 40000);
	d.child.kill('SIGTERM');
	await d.exited;
	assert.equal(await mode(), 0);
});

test('what the house takes more, the battery draws less, within the limit of the site', async () => {
	const roomy = { site: 41000, cheap: "'09:00-10:00'", dear: "'10:00-24:00', '00:00-09:00'" };
	sim.kill();
	await ended;
	await d.clean();
	const at = new Date(Date.now() + 45000).toISOString();
	play(`failures:\n  - {kind: base_load_spike, target: house, at_time: "${at}", for_s: 600, w: 20000}\n`);
	d = await new Depotd({ depot: depot(', control: true', roomy), config: CONFIG, args: clock }).start();
	await until('it charges', async () => (await drawn()) > 19000, 40000);
	const main = async () => (await get('/meters')).meters.find((m) => m.id === 'main').power_w;
	assert.ok((await main()) < 41000);
	await until('the house to take more', async () => Date.now() > Date.parse(at), 60000);
	await until('the battery to give way', async () => (await drawn()) < 12500, 10000);
	await until('the site to be within its limit', async () => (await main()) < 41000, 5000);
	const b = await until('the word of it', async () => {
		const x = await store();
		return x.told_w < 12500 && x.told_w >= 0 && x;
	});
	assert.ok(b.now_w <= 20500);
});
