// Whole nights through real sockets, real TLS, real Modbus and a fast clock: every van of the demo
// depot leaves ready; a day of real sessions (Caltech) is accounted to the watt-hour; and no node
// of the tree is above its limit in any second.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BUILD, Depotd } from './harness.mjs';

// Real sessions: a CSV in the form of ACN-Data exports. The repository carries one day of it.
const SESSIONS = resolve('tests/e2e/data/caltech_2019-03-05.csv');

const origin = () => Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1e6);

function run(command, args, options = {}) {
	return new Promise((ok) => {
		const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
		let out = '';
		child.stdout.on('data', (d) => (out += d));
		child.stderr.on('data', (d) => (out += d));
		child.on('exit', (code) => ok({ code, out }));
	});
}

/** Runs depotd and depotsim over the same simulated hours; the simulator's report and what the
 *  journal holds. */
async function night({ depot, scenario, start, until, speed, tls, config = '' }) {
	const dir = mkdtempSync(join(tmpdir(), 'depotd-night-'));
	copyFileSync(depot, join(dir, 'depot.yaml'));
	const clock = ['--speed', String(speed), '--start', start, '--origin', String(origin())];
	writeFileSync(join(dir, 'depotd.yaml'), `depot: depot.yaml
meter_maps: ${resolve('etc/meters')}
listen:
  console: {address: 127.0.0.1, port: 0}
  profile1: {address: 127.0.0.1, port: 0}
  profile2: {address: 127.0.0.1, port: 0}
  hosts: [localhost]
limits: {messages_per_s: 100000, message_burst: 100000}
${config}`);
	const depotd = new Depotd({ dir, depot: null, args: clock });
	await depotd.start();
	try {
		const passwords = join(dir, 'passwords');
		const p = await run(join(BUILD, 'depotctl'), ['--socket', join(depotd.data, 'depotd.sock'),
			'passwords', '--generate', '--out', passwords]);
		assert.equal(p.code, 0, p.out);
		const report = join(dir, 'report.json');
		const sim = await run(join(BUILD, 'depotsim'), ['--depot', depot, '--scenario', scenario,
			'--csms', `ws://127.0.0.1:${depotd.ports.profile1}/ocpp`,
			...(tls ? ['--csms-tls', `wss://localhost:${depotd.ports.profile2}/ocpp`, '--ca', depotd.root()] : []),
			'--passwords', passwords, ...clock, '--until', until, '--report', report, '--quiet']);
		assert.equal(sim.code, 0, sim.out);
		const transactions = [];
		let cursor = '';
		do {
			const page = (await depotd.api('GET', `/transactions?limit=500${cursor}`)).json;
			transactions.push(...page.transactions);
			cursor = page.next ? `&cursor=${encodeURIComponent(page.next)}` : '';
		} while (cursor);
		const metrics = (await depotd.api('GET', '/metrics')).text;
		return { report: JSON.parse(readFileSync(report, 'utf8')), transactions, metrics };
	} finally {
		await depotd.clean();
	}
}

/** What the simulator delivered is what the journal holds, session by session, to the watt-hour. */
function accounted({ report, transactions }) {
	const byId = new Map(transactions.map((t) => [t.id, t]));
	for (const s of report.sessions) {
		const t = byId.get(s.transaction);
		assert.ok(t, `transaction ${s.transaction} of ${s.vehicle} is in the journal`);
		assert.equal(t.energy_wh, s.energy_wh, `energy of ${s.vehicle}`);
		if (s.ended) assert.equal(t.complete, true, `${s.transaction} is complete`);
	}
	assert.equal(transactions.length, report.sessions.length);
}

function obeyed(report) {
	for (const n of report.nodes)
		assert.equal(n.seconds_above, 0, `${n.id}: ${n.seconds_above} s above its limit, at most ${n.max_w} W`);
	assert.equal(report.wire.bad_frames + report.wire.bad_requests + report.wire.bad_answers, 0);
	assert.equal(report.disobeyed_seconds, 0);
}

test('the demo night: 20 vans, TLS, meters, a spike of the building; all leave ready', { timeout: 300000 }, async () => {
	const r = await night({
		depot: resolve('etc/demo/depot.yaml'), scenario: resolve('etc/demo/scenario.yaml'),
		start: '2026-03-11T16:30:00Z', until: '2026-03-12T06:45:00Z', speed: 600, tls: true,
	});
	assert.equal(r.report.sessions.length, 20);
	assert.equal(r.report.vans_ready, 20, JSON.stringify(r.report.stays.filter((s) => !s.ready)));
	obeyed(r.report);
	accounted(r);
});

test('one day of real sessions (Caltech, 5 March 2019) under a limit of 50 kW', { timeout: 300000 }, async () => {
	const dir = mkdtempSync(join(tmpdir(), 'depotd-day-'));
	mkdirSync(dir, { recursive: true });
	assert.ok(existsSync(SESSIONS));
	const made = await run(join(BUILD, 'depotsim'), ['--make-depot', SESSIONS, '--day', '4',
		'--site-limit', '50000', '--meter-port', '15120', '--out', dir]);
	assert.equal(made.code, 0, made.out);
	const r = await night({
		depot: join(dir, 'depot.yaml'), scenario: join(dir, 'scenario.yaml'),
		start: '2019-03-05T08:00:00Z', until: '2019-03-06T08:00:00Z', speed: 1200, tls: false,
		config: 'control: {sample_s: 60}',
	});
	assert.ok(r.report.sessions.length >= 30, `${r.report.sessions.length} sessions`);
	obeyed(r.report);
	accounted(r);
	assert.ok(r.report.energy_wh > 250000, `${r.report.energy_wh} Wh`);
});
