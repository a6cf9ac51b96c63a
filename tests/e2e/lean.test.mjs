// A battery that depotd commands makes room that vans use; depotd is killed: the battery lets go after
// seconds, and the vans must not keep that room for long. At ten times the speed of real time.
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BUILD, Depotd, sleep, until } from './harness.mjs';

const SPEED = 10, LIMIT_W = 27000, LET_GO_S = 10, SETTLES_S = 60 + 15;
const START = Date.parse('2026-11-24T09:20:00Z'), begun = process.hrtime.bigint();
const clock = ['--speed', String(SPEED), '--start', new Date(START).toISOString(), '--origin', String(begun / 1000n)];
const simulated = () => START + Number((process.hrtime.bigint() - begun) / 1000000n) * SPEED;

const freePort = () => new Promise((ok) => {
	const s = net.createServer().listen(0, '127.0.0.1', () => {
		const { port } = s.address();
		s.close(() => ok(port));
	});
});
/* Two registers of a meter, past depotd. */
const registers = (port, address, fn) => new Promise((ok, bad) => {
	const s = net.connect(port, '127.0.0.1', () => s.write(Buffer.from([0, 1, 0, 0, 0, 6, 1, fn, address >> 8, address & 255, 0, 2])));
	s.once('data', (b) => {
		s.destroy();
		ok(b.subarray(9, 13));
	});
	s.once('error', bad);
});

const dir = mkdtempSync(join(tmpdir(), 'depotd-lean-'));
const ports = [await freePort(), await freePort()];
const siteW = async () => (await registers(ports[0], 52, 4)).readFloatBE(0);
const storeW = async () => (await registers(ports[1], 0, 3)).readInt32BE(0);
const vans = ['1', '2', '3'];
const depot = `
depot: test
name: Test depot
timezone: UTC
nodes:
  - {id: site, kind: site, limit_w: ${LIMIT_W}, meter: main}
  - {id: house, kind: load, parent: site, limit_w: 10000}
  - {id: store, kind: storage, parent: site, meter: bess, battery_wh: 400000, charge_w: 1000, discharge_w: 10000, reserve_pct: 10, chemistry: lto, control: true}
meters:
  - {id: main, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: ${ports[0]}}, poll_ms: 500}
  - {id: bess, map: depotsim-store, tcp: {host: 127.0.0.1, port: ${ports[1]}}, poll_ms: 500}
stations:${vans.map((n) => `
  - {id: CP-${n}, node: site, evses: [{id: 1, kind: ac, max_w: 11000, min_w: 4140, tail_w: 4140}]}`).join('')}
vehicles:${vans.map((n) => `
  - {id: VAN-${n}, token: T${n}, battery_wh: 60000, max_ac_w: 11000, max_dc_w: 0, min_w: 4140, target_pct: 90, departs_at: "2026-11-24T12:00:00Z"}`).join('')}
tariffs:
  - id: spread
    currency: EUR
    export: [{id: feed, price: 0.02}]
    import:
      - id: energy
        periods:
          - {id: dear, hours: ['09:00-12:00'], price: 0.60}
          - {id: cheap, hours: ['12:00-24:00', '00:00-09:00'], price: 0.10}
`;
let d, sim;
after(async () => {
	sim?.kill();
	await d?.clean();
	rmSync(dir, { recursive: true, force: true });
});

test('killed, it leaves a site that is below its limit again within about a minute', { timeout: 240000 }, async () => {
	d = await new Depotd({ depot, config: '\ncontrol: {replan_s: 60}\ndischarge: {replan_s: 60}\n', args: clock }).start();
	const passwords = join(dir, 'passwords');
	const made = spawnSync(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), 'passwords', '--generate', '--out', passwords]);
	assert.equal(made.status, 0, String(made.stderr));
	writeFileSync(join(dir, 'depot.yaml'), depot);
	writeFileSync(join(dir, 'scenario.yaml'), `base_load:\n  - {node: house, points: [{at: '00:00', w: 6000}, {at: '12:00', w: 6000}]}\nvisits:${
		vans.map((n) => `\n  - {vehicle: VAN-${n}, station: CP-${n}, arrives: "09:2${Number(n) + 4}", soc_pct: 20}`).join('')}\n`);
	sim = spawn(join(BUILD, 'depotsim'), ['--depot', join(dir, 'depot.yaml'), '--scenario', join(dir, 'scenario.yaml'),
		'--csms', `ws://127.0.0.1:${d.ports.profile1}/ocpp`, '--passwords', passwords, '--meter-maps', resolve('etc/meters'), '--quiet', ...clock],
	{ stdio: ['ignore', 'inherit', 'inherit'] });
	await until('vans to use the room that the battery makes',
		async () => (await siteW()) - (await storeW()) > LIMIT_W + 2500, 90000);
	await sleep(60000 / SPEED);
	assert.ok((await siteW()) <= LIMIT_W, 'within its limit meanwhile');

	d.child.kill('SIGKILL');
	await d.exited;
	const killed = simulated();
	let last = 0, most = 0;
	while (simulated() - killed < 600000) {
		const w = await siteW();
		most = Math.max(most, w);
		if (w > LIMIT_W) last = simulated() - killed;
		await sleep(100);
	}
	console.log(`above ${LIMIT_W} W (at most ${Math.round(most)} W) until ${Math.round(last / 1000)} s after the kill`);
	assert.ok(most > LIMIT_W, `${most} W: the battery was needed`);
	assert.ok(last < SETTLES_S * 1000, `${last / 1000} s above`);
	assert.ok(last > LET_GO_S * 1000 / 2);
});
