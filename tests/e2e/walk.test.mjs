// The commissioning walk on a depot that was not wired as drawn: one meter's ratio is set wrong, the
// phases of another are swapped, the transformers of a third look the other way. depotsim charges
// vans, the walk lowers one three times and says which meters move and by how much. The clock runs fast.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILD, Depotd, until } from './harness.mjs';

let depotd, sim, dir;

const freePort = () => new Promise((ok) => {
	const s = net.createServer().listen(0, '127.0.0.1', () => {
		const { port } = s.address();
		s.close(() => ok(port));
	});
});

const ctl = (...args) => new Promise((ok) => {
	const child = spawn(join(BUILD, 'depotctl'), ['--socket', join(depotd.data, 'depotd.sock'), ...args]);
	let out = '';
	child.stdout.on('data', (d) => (out += d));
	child.stderr.on('data', (d) => (out += d));
	child.on('exit', (code) => ok({ code, out }));
});

before(async () => {
	dir = mkdtempSync(join(tmpdir(), 'depotd-walk-'));
	const tcp = async () => `tcp: {host: 127.0.0.1, port: ${await freePort()}}, map: eastron-sdm630`;
	const depot = (wrong) => `
depot: walk
name: Walk
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 100000, meter: main}
  - {id: yard, kind: feeder, parent: site, limit_w: 90000, meter: yard}
  - {id: hall, kind: load, parent: site, limit_w: 30000, meter: hall}
  - {id: back, kind: feeder, parent: site, limit_w: 40000, meter: back}
  - {id: shed, kind: feeder, parent: site, limit_w: 30000, meter: shed}
stations:
  - id: CP-W
    node: yard
    evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, tail_w: 4140}]
  - id: CP-X
    node: back
    evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, tail_w: 4140, rotation: RST}]
  - id: CP-Y
    node: shed
    evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, tail_w: 4140}, {id: 2, kind: ac, max_w: 22000, min_w: 4140, tail_w: 4140}]
vehicles:
  - {id: VAN-3, token: AABBCCDF, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 80000, min_w: 4140, need_wh: 80000, departs: "22:00"}
  - {id: VAN-4, token: AABBCCE0, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 80000, min_w: 4140, need_wh: 80000, departs: "23:59"}
  - {id: VAN-2, token: AABBCCDE, phases: 1, battery_wh: 90000, max_ac_w: 7400, max_dc_w: 80000, min_w: 1380, need_wh: 80000, departs: "23:59"}
  - {id: VAN-1, token: AABBCCDD, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 80000, min_w: 4140, need_wh: 80000, departs: "23:59"}
meters:
  - {id: main, ${rows[0]}}
  - {id: yard, ${rows[1]}${wrong}}
  - {id: hall, ${rows[2]}}
  - {id: back, ${rows[3]}}
  - {id: shed, ${rows[4]}}
`;
	const rows = [await tcp(), await tcp(), await tcp(), await tcp(), await tcp()];
	writeFileSync(join(dir, 'depot.yaml'), depot(''));
	writeFileSync(join(dir, 'scenario.yaml'), `
base_load: [{node: hall, noise_w: 200, points: [{at: "00:00", w: 5000}]}]
visits:
  - {vehicle: VAN-1, station: CP-W, arrives: "18:01", soc_pct: 10}
  - {vehicle: VAN-2, station: CP-X, arrives: "18:01", soc_pct: 10}
  - {vehicle: VAN-3, station: CP-Y, evse: 1, arrives: "18:15", soc_pct: 10}
  - {vehicle: VAN-4, station: CP-Y, evse: 2, arrives: "18:15", soc_pct: 10}
mounted:
  - {meter: main, phases: "213"}
  - {meter: back, reversed: true}
`);
	const origin = Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1e6);
	const clock = ['--speed', '25', '--start', '2026-03-10T17:00:00Z', '--origin', String(origin)];
	depotd = await new Depotd({ depot: depot(', ratio: 2'), args: clock }).start();
	const passwords = join(dir, 'passwords');
	assert.equal((await ctl('passwords', '--generate', '--out', passwords)).code, 0);
	sim = spawn(join(BUILD, 'depotsim'), ['--depot', join(dir, 'depot.yaml'), '--scenario', join(dir, 'scenario.yaml'),
		'--csms', `ws://127.0.0.1:${depotd.ports.profile1}/ocpp`, '--passwords', passwords, ...clock, '--quiet'],
	{ stdio: ['ignore', 'inherit', 'inherit'] });
});

after(async () => {
	sim?.kill();
	await depotd?.clean();
	rmSync(dir, { recursive: true, force: true });
});

test('nobody is lowered without consent, and nothing that does not charge', async () => {
	const no = await depotd.api('POST', '/meters/walk', { station: 'CP-W', evse: 1, consent: false });
	assert.equal(no.status, 400);
	assert.match(no.text, /charge less/);
	assert.equal((await depotd.api('POST', '/meters/walk', { station: 'CP-Z', evse: 1, consent: true })).status, 404);
	assert.equal((await depotd.api('GET', '/meters/walk')).status, 404);
	assert.match((await ctl('walk', 'CP-W', '1')).out, /--yes/);
});

test('a walk tells which meters move and finds the wrong ratio', async () => {
	const started = await until('the van to charge', async () => {
		const r = await depotd.api('POST', '/meters/walk', { station: 'CP-W', evse: 1, consent: true });
		return r.status === 202 && r.json;
	}, 30000);
	assert.equal(started.state, 'high');
	assert.equal((await depotd.api('POST', '/meters/walk', { station: 'CP-W', evse: 1, consent: true })).status, 409);
	const w = await until('the walk to end', async () => {
		const v = (await depotd.api('GET', '/meters/walk')).json;
		return v.state !== 'high' && v.state !== 'low' && v;
	}, 60000);
	assert.equal(w.state, 'done', JSON.stringify(w));
	assert.equal(w.rounds_done, 3);
	const of = (id) => w.meters.find((m) => m.meter === id);
	assert.ok(Math.abs(of('main').gain - 1) < 0.1, JSON.stringify(of('main')));
	assert.doesNotMatch(of('main').finding, /ratio|other way|did not move/);
	assert.ok(Math.abs(of('yard').gain - 2) < 0.2, JSON.stringify(of('yard')));
	assert.match(of('yard').finding, /wrong ratio/);
	assert.equal(of('hall'), undefined);
	await until('its end in the journal', async () => (await depotd.api('GET', '/journal?limit=500')).json.events
		.some((e) => e.type === 'MeterWalk' && JSON.stringify(e).includes('wrong ratio')));
	// The limit is gone: the van draws as before.
	await until('the van to draw as before', async () => {
		const s = (await depotd.api('GET', '/stations/CP-W')).json;
		return JSON.stringify(s).includes('"commissioning"') === false;
	});
});

test('another van takes not the room that a walk leaves, and its meters show the whole step', async () => {
	await until('the van that leaves first to charge', async () =>
		(await depotd.api('POST', '/meters/walk', { station: 'CP-Y', evse: 1, consent: true })).status === 202, 30000);
	const w = await until('the walk to end', async () => {
		const v = (await depotd.api('GET', '/meters/walk')).json;
		return v.state !== 'high' && v.state !== 'low' && v;
	}, 60000);
	assert.equal(w.state, 'done', JSON.stringify(w));
	const shed = w.meters.find((m) => m.meter === 'shed');
	assert.ok(Math.abs(shed.gain - 1) < 0.1, JSON.stringify(shed));
	assert.doesNotMatch(shed.finding, /ratio/);
	await until('the other van to be free again', async () =>
		!JSON.stringify((await depotd.api('GET', '/stations/CP-Y')).json).includes('"commissioning"'));
});

test('a meter that the guard does not believe shows as such, with why and what next', async () => {
	const m = await until('the reversed meter to be doubted', async () => {
		const v = (await depotd.api('GET', '/meters/back')).json;
		return v.belief === 'doubted' && v;
	}, 30000);
	assert.equal(m.ok, false);
	assert.match(m.why, /shows less than what is drawn below it/);
	assert.match(m.next, /^Walk a van below it/);
	assert.match((await ctl('meters')).out, /back is doubted: It shows less .*Walk a van/);
	assert.match((await ctl('meter', 'show', 'back')).out, /state +doubted[^]*because +It shows less[^]*next step/);
	const asked = await ctl('meter', 'ask', 'back');
	assert.match(asked.out, /back answers: [^]*It is doubted: It shows less/);
	assert.equal(asked.code, 1);
});

test('a walk with a van on one phase finds swapped phases and reversed transformers', async () => {
	await until('the van on one phase to charge', async () =>
		(await depotd.api('POST', '/meters/walk', { station: 'CP-X', evse: 1, consent: true })).status === 202, 30000);
	const w = await until('the walk to end', async () => {
		const v = (await depotd.api('GET', '/meters/walk')).json;
		return v.state !== 'high' && v.state !== 'low' && v;
	}, 60000);
	assert.equal(w.state, 'done', JSON.stringify(w));
	const of = (id) => w.meters.find((m) => m.meter === id);
	assert.match(of('main').finding, /L1 of CP-X\/1 is L2 there/, JSON.stringify(w.meters));
	assert.ok(Math.abs(of('back').gain + 1) < 0.1, JSON.stringify(of('back')));
	assert.match(of('back').finding, /moves the other way: its current transformers are the wrong way round/);
	assert.equal(of('yard'), undefined, 'it is not above CP-X and did not move with it');
});

test('a walk ends when told', async () => {
	await until('another walk', async () =>
		(await depotd.api('POST', '/meters/walk', { station: 'CP-W', evse: 1, consent: true })).status === 202, 30000);
	const r = await ctl('walk', 'cancel');
	assert.match(r.out, /cancelled/);
	assert.equal((await depotd.api('GET', '/meters/walk')).json.state, 'cancelled');
});
