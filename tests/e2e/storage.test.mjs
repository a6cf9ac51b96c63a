// Batteries that can give back: planned, told to the station that can be told, stopped by one command.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { BUILD, Depotd, until } from './harness.mjs';
import { Station, booted } from './peer.mjs';

/* One time for every run, which goes on from then: what a plan gives hangs on the hour. */
const START = Date.parse('2026-11-24T09:22:30Z'), begun = process.hrtime.bigint();
const now = () => new Date(START + Number((process.hrtime.bigint() - begun) / 1000000n)).toISOString();
const clock = ['--speed', '1', '--start', new Date(START).toISOString(), '--origin', String(begun / 1000n)];
const leaves = new Date(START + 10 * 3600e3).toISOString();

const van = (id, token, more = '') => `
  - {id: ${id}, token: "${token}", battery_wh: 60000, max_ac_w: 11000, max_dc_w: 0, target_pct: 60,
     departs_at: "${leaves}", discharge_w: 10000, chemistry: lto, cycles: 1000${more}}`;

const DEPOT = `
depot: test
name: Test depot
timezone: UTC
nodes:
  - {id: site, kind: site, limit_w: 60000, meter: "ocpp:CP-1"}
vehicles:${van('VAN-1', '04A1')}${van('VAN-2', '04A2')}${van('OLD-3', '04A3', ', health_pct: 60')}
discharge:
  - {station: CP-1, evse: 1, discharge_w: 8000, vendor: com.example.v2g}
  - {station: CP-1, evse: 2, discharge_w: 8000}
  - {station: CP-1, evse: 3, discharge_w: 8000, vendor: com.example.v2g}
tariffs:
  - id: spread
    currency: EUR
    export: [{id: feed, price: 0.35}]
    import:
      - id: energy
        periods:
          - {id: dear, hours: ['09:00-12:00'], price: 0.40}
          - {id: cheap, hours: ['12:00-24:00', '00:00-09:00'], price: 0.10}
`;
const CONFIG = '\ncontrol: {replan_s: 5}\ndischarge: {floor_pct: 20, below_need: true, replan_s: 10}\n';

let d, station;
const get = async (path) => {
	const r = await d.api('GET', path);
	assert.equal(r.status, 200, r.text);
	return r.json;
};
const ctl = (...args) => spawnSync(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), ...args], { encoding: 'utf8' });
const battery = async (id) => (await get('/storage')).batteries.find((b) => b.id === id);
/* What EVSE 1 was told last, and of it the CustomData of the first period. */
const profiles = (evse) => station.calls.filter((m) => m[2] === 'SetChargingProfile' && m[3].evseId === evse
	&& m[3].chargingProfile.chargingProfilePurpose === 'TxProfile').map((m) => m[3].chargingProfile.chargingSchedule[0].chargingSchedulePeriod);
const told = (evse) => profiles(evse).at(-1);

function plug(evse, idToken) {
	return station.call('TransactionEvent', {
		eventType: 'Started', timestamp: now(), triggerReason: 'Authorized', seqNo: 0,
		transactionInfo: { transactionId: `T${evse}`, chargingState: 'Charging' }, evse: { id: evse, connectorId: 1 },
		idToken: { idToken, type: 'ISO14443' },
	});
}

let seq = 1;
const holds = (evse, pct) => station.call('TransactionEvent', {
	eventType: 'Updated', timestamp: now(), triggerReason: 'MeterValuePeriodic', seqNo: seq++,
	transactionInfo: { transactionId: `T${evse}` },
	meterValue: [{ timestamp: now(), sampledValue: [
		{ value: pct, measurand: 'SoC', unitOfMeasure: { unit: 'Percent' } },
		{ value: 0, measurand: 'Power.Active.Import', unitOfMeasure: { unit: 'W' } },
	] }],
});

/* The site draws 5 kW besides; its meter is the station's. */
const measure = () => station.call('MeterValues', { evseId: 0, meterValue: [{ timestamp: now(), sampledValue: [
	{ value: 5000, measurand: 'Power.Active.Import', location: 'Inlet', unitOfMeasure: { unit: 'W' } }] }] }).catch(() => {});
let beat;

before(async () => {
	d = await new Depotd({ depot: DEPOT, config: CONFIG, args: clock }).start();
	station = await booted(d, 'CP-1', { registration: { evses: 3 } });
	await measure();
	beat = setInterval(measure, 2000);
});
after(() => {
	clearInterval(beat);
	return d.clean();
});

test('a van with more than it needs gives back while energy is dear; who cannot be told stays a what-if', async () => {
	assert.equal((await get('/storage')).batteries.length, 0);
	for (const [evse, token] of [[1, '04A1'], [2, '04A2'], [3, '04A3']]) {
		await plug(evse, token);
		await holds(evse, 80);
	}
	const one = await until('a plan', async () => {
		const b = await battery('VAN-1');
		return b?.now_w < 0 && b;
	}, 30000);
	assert.equal(one.now_w, -8000);
	assert.equal(one.note, undefined);
	assert.equal(one.least_wh, 12000);
	assert.equal(one.stored_source, 'charger');
	assert.ok(one.gives_wh > 12000, `${one.gives_wh}`);
	await until('a plan with the second van', () => battery('VAN-2'), 30000);
	const v = await get('/storage');
	assert.ok(v.worth > 1 && v.worth < v.cost_without - v.cost + 1e-6, JSON.stringify(v).slice(0, 400));
	assert.ok(v.gap <= 1e-3, `${v.gap}`);
	assert.match((await battery('VAN-2')).note, /^what-if: its station has no declared way/);
	assert.equal(await battery('OLD-3'), undefined, 'a battery of 60 % health gives nothing');
	assert.match(ctl('storage').stdout, /VAN-1 +CP-1\/1 +-8\.0/);
});

test('the station is told in CustomData, only until the lease ends, and at a limit of 0', async () => {
	const periods = await until('a profile that gives', () => told(1)?.[0].customData && told(1), 20000);
	assert.deepEqual(periods[0].customData, { vendorId: 'com.example.v2g', setpoint: -8000, dischargeLimit: -8000 });
	assert.equal(periods[0].limit, 0);
	assert.ok(periods.length > 1 && !periods[1].customData, JSON.stringify(periods));
	assert.ok(profiles(2).every((p) => !p[0].customData) && profiles(3).every((p) => !p[0].customData));
	const row = await until('the accepted word', async () => {
		const b = await battery('VAN-1');
		return b.told_w === -8000 && b;
	});
	assert.ok(row.told_at);
	const set = (await get('/journal?type=SetpointChanged&limit=1000')).events.find((e) => e.payload.give_w);
	assert.equal(set.payload.source, 'storage');
});

test('what it gives is charged again before it leaves: the plan has its need', async () => {
	const p = await until('a plan that gives way', async () => {
		const plan = await get('/plan');
		const mine = plan.vehicles.find((x) => x.id === 'VAN-1');
		return mine?.need_wh > 3000 && mine;
	}, 20000);
	assert.equal(p.short_wh, 0);
	assert.equal(p.slots[0].w, 0);
});

test('the fleet as one battery: what it says it can do less, it can', async () => {
	const f = await get('/fleet/flexibility?minutes=60&hours=12');
	assert.ok(f.windows.length >= 9, JSON.stringify(f));
	assert.ok(f.windows.every((w) => w.less_w >= 0 && w.more_w >= 0 && w.less_w <= w.planned_w + 1));
	assert.ok(f.windows.some((w) => w.planned_w > 1000), `the plan's own power: ${JSON.stringify(f)}`);
	assert.ok(f.windows.some((w) => w.more_w > 3000), `a van that waits can draw at another time: ${JSON.stringify(f)}`);
	assert.ok(f.gives_w === 8000 && f.gives_wh > 30000, JSON.stringify(f).slice(0, 200));
	assert.equal((await d.api('GET', '/fleet/flexibility?minutes=1')).status, 400);
	assert.match(ctl('flexibility', '--hours', '6').stdout, /give back 8\.0 kW now/);
});

test('what if all could give back: worth money, as the storage plan says of those that can', async () => {
	const r = await d.api('POST', '/whatif', { v2g: true });
	assert.equal(r.status, 200, r.text);
	const w = r.json.v2g;
	assert.equal(w.batteries, 2, 'not the one of 60 % health');
	assert.ok(w.given_wh > 12000 && w.worth > 1 && w.gap < 0.01 * r.json.without.cost + 0.01, r.text);
	assert.deepEqual([w.peaks_with, w.peaks_without], [0, 0]);
	assert.equal((await d.api('POST', '/whatif', {})).json.v2g, undefined);
	assert.match(ctl('whatif', '--v2g').stdout, /could give back: \d+ kWh from 2 batteries, worth \d+\.\d\d/);
});

test('one command stops it all, over a restart too, until somebody says why it may go on', async () => {
	const n = profiles(1).length;
	assert.equal((await d.api('POST', '/discharge/release', { why: 'nothing' })).status, 409);
	const said = ctl('discharge', 'stop', '--why', 'smoke');
	assert.equal(said.status, 0, said.stderr);
	await until('a profile that takes it back', () => profiles(1).length > n && !told(1)[0].customData);
	const v = await get('/storage');
	assert.deepEqual([v.discharge.stopped, v.discharge.why], [true, 'smoke']);
	assert.equal((await battery('VAN-1')).note, 'discharging is stopped');
	assert.equal((await get('/fleet/flexibility?hours=2')).gives_w, 0);

	await d.stop();
	await d.start();
	assert.equal((await get('/storage')).discharge.stopped, true);
	station = await new Station(d, 'CP-1', {}).connect();
	await station.boot('ApplicationReset');
	await holds(1, 80);
	await until('its profile again', () => told(1), 30000);
	await until('a plan that would give', async () => (await battery('VAN-1'))?.now_w < 0, 30000);
	assert.ok(profiles(1).every((p) => !p[0].customData), 'nothing gives back while it is stopped');

	assert.equal(ctl('discharge', 'release').status, 2, 'a reason is asked for');
	assert.equal(ctl('discharge', 'release', '--why', 'it was dust').status, 0);
	await until('it gives again', () => told(1)?.[0].customData, 30000);
	const types = (await get('/journal?stream=depot%2Ftest&limit=100')).events.map((e) => e.type);
	assert.ok(types.includes('DischargeStopped') && types.includes('DischargeReleased'), types.join(' '));
});
