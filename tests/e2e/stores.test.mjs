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
const registers = (address, count, port = ports[1]) => new Promise((ok, bad) => {
	const s = net.connect(port, '127.0.0.1', () => s.write(Buffer.from([0, 1, 0, 0, 0, 6, 1, 3, address >> 8, address & 255, 0, count])));
	s.once('data', (b) => {
		s.destroy();
		ok(Array.from({ length: count }, (_, i) => b.readUInt16BE(9 + 2 * i)));
	});
	s.once('error', bad);
});
const watts = async (address, port = ports[1]) => {
	const [high, low] = await registers(address, 2, port);
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
	ports = [await freePort(), await freePort(), await freePort()];
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

const alarms = async () => (await get('/alarms')).alarms.filter((a) => a.kind === 'store-disobeys');
const anew = async (text, failures) => {
	sim.kill();
	await ended;
	await d.clean();
	writeFileSync(join(dir, 'depot.yaml'), text);
	ended = play(failures);
	d = await new Depotd({ depot: text, config: CONFIG, args: clock }).start();
};
const soon = (s) => new Date(Date.now() + s * 1000).toISOString();

test('a battery that does not do as it is told raises an alarm, which ends when it does', async () => {
	await anew(depot(', control: true'), `failures:\n  - {kind: store_stuck, target: store, at_time: "${soon(0)}", for_s: 60}\n`);
	const [a] = await until('the alarm', async () => {
		const list = await alarms();
		return list.length > 0 && list;
	}, 60000);
	assert.equal(a.subject, 'store');
	assert.equal(a.rank, 'tonight');
	assert.match(a.text, /^It is told -\d\.\d kW and does 0\.0 kW\.$/);
	assert.match(ctl('storage').stdout, /it is told -\d\.\d kW and does 0\.0 kW/);
	await until('it feeds', async () => (await drawn()) < -4000, 60000);
	await until('the end of the alarm', async () => (await alarms()).every((x) => x.state !== 'active'), 100000);
});

test('one that does to the digit what it is told has no meter that hangs', async () => {
	/* The house takes more than it can give: it gives all that it can. */
	await anew(depot(', control: true').replace('battery_wh: 40000', 'battery_wh: 400000'), `failures:\n  - {kind: store_steady, target: store, at_time: "${soon(0)}", for_s: 3600}
  - {kind: base_load_spike, target: house, at_time: "${soon(0)}", for_s: 3600, w: 17000}\n`);
	await until('it feeds most that it can', async () => (await drawn()) < -15000, 60000);
	const bess = async () => (await get('/meters')).meters.find((m) => m.id === 'bess');
	const first = await drawn();
	const from = Date.now();
	let same = 0;
	while (Date.now() - from < 50000) {
		same += (await drawn()) === first;
		const m = await bess();
		assert.equal(m.belief, 'ok', `${(Date.now() - from) / 1000} s: ${m.belief} ${m.why}`);
		await new Promise((ok) => setTimeout(ok, 500));
	}
	assert.ok(same > 60, `${same} readings alike: it is steady`);
	assert.ok((await drawn()) < -15000, 'and goes on');
});

test('two batteries share what is worth feeding, and the room of the site', async () => {
	const two = (prices) => depot(', control: true', prices).replace('\nmeters:', `
  - {id: other, kind: storage, parent: site, meter: bess2, battery_wh: 40000, charge_w: 20000, discharge_w: 20000, reserve_pct: 10, chemistry: lto, control: true}
meters:
  - {id: bess2, map: depotsim-store, tcp: {host: 127.0.0.1, port: ${ports[2]}}, poll_ms: 500}`);
	const both = async () => [await watts(0), await watts(0, ports[2])];
	await anew(two(), '');
	await until('they feed the house together', async () => { const [a, b] = await both(); return a + b < -6000; }, 60000);
	for (let i = 0; i < 20; i++) {
		const [a, b] = await both();
		assert.ok(a + b > -8800 && a <= 200 && b <= 200, `${a} and ${b} W: no more than the house draws, neither feeds the other`);
		await new Promise((ok) => setTimeout(ok, 300));
	}
	await anew(two({ site: 61000, cheap: "'09:00-10:00'", dear: "'10:00-24:00', '00:00-09:00'" }),
		`failures:\n  - {kind: base_load_spike, target: house, at_time: "${soon(0)}", for_s: 600, w: 30000}\n`);
	let most = 0;
	const from = Date.now();
	while (Date.now() - from < 40000) {
		const [a, b] = await both();
		most = Math.max(most, a + b);
		await new Promise((ok) => setTimeout(ok, 200));
	}
	assert.ok(most > 15000, `they charge: ${most} W`);
	assert.ok(most + 38000 <= 61000, `${most} W and the house's 38000: within 61000`);
});

test('an SMA battery inverter, by its own registers: told, released', async () => {
	await anew(depot(', control: true').replace('map: depotsim-store', 'map: sma-sunny-island'), '');
	await until('it feeds the house', async () => (await watts(30775)) > 4000, 60000);
	assert.ok((await watts(40149)) > 4000, 'above 0 it discharges');
	assert.equal(await watts(40151), 802);
	const b = await until('the word of it', async () => {
		const x = await store();
		return x?.told_w < -4000 && x.now_w < -4000 && x;
	});
	assert.equal(b.note, undefined);
	d.child.kill('SIGTERM');
	await d.exited;
	assert.equal(await watts(40151), 803);
});
