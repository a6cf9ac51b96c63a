// What vehicles have to do: yard lists, trips that move departure and need, trips that are over and
// teach the model, a van that goes from bay to bay.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import https from 'node:https';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BUILD, Depotd, until } from './harness.mjs';
import { booted } from './peer.mjs';

const HOUR = 3600e3;
const at = (ms) => new Date(Date.now() + ms).toISOString();
const whole = (ms) => new Date(Math.floor((Date.now() + ms) / 60e3) * 60e3);
const local = (d) => d.toISOString().slice(0, 16).replace('T', ' '); // the depot is in UTC

const DEPOT = `
depot: test
name: Test depot
timezone: UTC
holidays: ["${at(5 * 24 * HOUR).slice(0, 10)}"]
nodes:
  - {id: site, kind: site, limit_w: 60000}
classes:
  - {id: small, body: van, kwh_km: 0.3, reserve_pct: 10, sure_pct: 90}
vehicles:
  - {id: VAN-1, token: "04A1", class: small, battery_wh: 60000, max_ac_w: 11000, max_dc_w: 0, target_pct: 80, departs_at: "${at(20 * HOUR)}"}
  - {id: VAN-2, token: "04A2", class: small, battery_wh: 60000, max_ac_w: 11000, max_dc_w: 0, need_wh: 20000}
  - {id: VAN-3, token: "04A3", class: small, battery_wh: 60000, max_ac_w: 11000, max_dc_w: 0}
`;

let d, station, token;
const ctl = (...args) => spawnSync(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), ...args], { encoding: 'utf8' });
const get = async (path) => {
	const r = await d.api('GET', path);
	assert.equal(r.status, 200, r.text);
	return r.json;
};
const trips = async (query = '') => (await get(`/trips${query}`)).trips;
const planned = async (van) => (await get('/plan')).vehicles.find((v) => v.id === van);

function csv(name, text) {
	const file = join(d.dir, name);
	writeFileSync(file, text);
	return file;
}

const event = (evse, tx, eventType, seqNo, { wh, soc, idToken, ago = 0 } = {}) => station.call('TransactionEvent', {
	eventType, timestamp: at(-ago), seqNo,
	triggerReason: eventType === 'Started' ? 'Authorized' : eventType === 'Ended' ? 'EVDeparted' : 'MeterValuePeriodic',
	transactionInfo: { transactionId: tx, chargingState: eventType === 'Ended' ? 'Idle' : 'Charging' }, evse: { id: evse, connectorId: 1 },
	...(idToken && { idToken: { idToken, type: 'ISO14443' } }),
	...(wh !== undefined && { meterValue: [{ timestamp: at(-ago), sampledValue: [
		{ value: wh, measurand: 'Energy.Active.Import.Register', unitOfMeasure: { unit: 'Wh' } },
		...(soc === undefined ? [] : [{ value: soc, measurand: 'SoC', unitOfMeasure: { unit: 'Percent' } }])] }] }),
});

const post = (body) => new Promise((ok, bad) => {
	const text = JSON.stringify(body);
	const req = https.request({ host: '127.0.0.1', port: d.ports.console, servername: 'localhost', agent: false,
		ca: readFileSync(d.root()), method: 'POST', path: '/telematics/yard',
		headers: { host: `localhost:${d.ports.console}`, 'content-type': 'application/json',
			'content-length': Buffer.byteLength(text), authorization: `Bearer ${token}` } }, (res) => {
		res.resume();
		res.on('end', () => ok(res.statusCode));
	});
	req.on('error', bad);
	req.end(text);
});

before(async () => {
	d = await new Depotd({ depot: DEPOT, config: `trips: {settle_s: 1}
telematics:
  mappings: ${resolve('etc/telematics')}
  sources: [{id: yard, mapping: generic, http: true}]
` }).start();
	token = (await d.api('POST', '/telematics/sources/yard/token')).json.token;
	station = await booted(d, 'CP-1', { registration: { evses: 4 } });
});
after(() => d.clean());

test('a yard list is taken as a whole, or refused with line and column; twice is once', async () => {
	const leave = whole(30 * HOUR), back = whole(38 * HOUR);
	const good = `vehicle;departs;returns;km;payload;note\nVAN-3;${local(leave)};${local(back)};120,5;400;"north; then east"\n`
		+ `VAN-2;${local(leave)};${local(back)};80;;\n`;
	for (const [text, says] of [
		[good.replace('80;;', 'far;;'), /line 3, column km: must be a number, not "far"; nothing was stored/],
		[good.replace('VAN-2', 'VAN-9'), /line 3, column vehicle: there is no such vehicle/],
		[good.replace(local(back), '25:99'), /line 2, column returns: must be "2026-11-22 06:15"/],
		[`${good}VAN-2;${local(whole(31 * HOUR))};${local(whole(32 * HOUR))};10;;\n`, /column departs: VAN-2 drives trip VAN-2-\d+-\d+ then/],
		[good.replace('VAN-2;', ''), /line 3: has 5 cells, the first line has 6/],
		['vehicle;when\n', /line 1: must name the columns, and one of them "departs"/],
	]) {
		const r = ctl('trip', 'import', csv('bad.csv', text));
		assert.notEqual(r.status, 0, r.stdout);
		assert.match(r.stderr, says);
	}
	assert.deepEqual(await trips(), []);
	// Line by line: all that is wrong, and what would become of the rest.
	const bad = `${good}VAN-9;${local(leave)};${local(back)};80;;\nVAN-1;nonsense;${local(back)};80;;\nVAN-2;${local(leave)};${local(back)};90;;\n`;
	const judged = (await d.api('POST', '/trips/import', { csv: bad, check: true, each: true })).json;
	assert.deepEqual([judged.rows, judged.stored, judged.refused], [5, 2, 3]);
	assert.deepEqual(judged.lines.map((l) => [l.line, l.what, l.column]), [[5, 'refused', 'departs'], [4, 'refused', 'vehicle'], [6, 'refused', undefined], [2, 'new', undefined], [3, 'new', undefined]]);
	const refused = ctl('trip', 'import', csv('bad.csv', bad), '--check');
	assert.equal(refused.status, 1);
	assert.match(refused.stdout, /line 4, column vehicle: there is no such vehicle\nline 6.*\n3 refused: nothing of the list would be stored/);
	assert.deepEqual(await trips(), []);
	assert.match(ctl('trip', 'import', csv('yard.csv', good), '--check').stdout, /2 trips: 2 would be stored/);
	assert.deepEqual(await trips(), []);
	assert.match(ctl('trip', 'import', csv('yard.csv', good)).stdout, /2 trips: 2 stored, 0 unchanged/);
	assert.match(ctl('trip', 'import', csv('yard.csv', good)).stdout, /2 trips: 0 stored, 2 unchanged/);
	const list = await trips();
	assert.equal(list.length, 2);
	const three = list.find((t) => t.vehicle === 'VAN-3');
	assert.deepEqual([three.distance_km, three.payload_kg, three.note, three.departs], [120.5, 400, 'north; then east', leave.toISOString().replace('.000', '')]);
	assert.ok(three.expected_kwh > 35 && three.expected_kwh < 42, `${three.expected_kwh}`);
	assert.ok(three.spread_kwh > 3 && three.spread_kwh < 12, `${three.spread_kwh}`);
	assert.deepEqual([three.state, three.possible], ['next', true]);
	assert.match(ctl('trip').stdout, /VAN-3/);
	assert.match(ctl('trip', 'remove', three.id).stdout, /Removed/);
	assert.equal((await d.api('DELETE', `/trips/${three.id}`)).status, 404);
	assert.equal((await trips()).length, 1);
});

test('a trip that is added moves departure and need of a van that is plugged in', async () => {
	await event(1, 'T1', 'Started', 0, { wh: 0, soc: 20, idToken: '04A1' });
	const usual = await until('its plan', () => planned('VAN-1'), 20000);
	assert.equal(usual.need_wh, 36000, 'from 20 to 80 %');
	const departs = at(6 * HOUR);
	const r = ctl('trip', 'add', 'LATE-1', 'vehicle=VAN-1', `departs=${departs}`, `returns=${at(12 * HOUR)}`,
		'distance_km=20', 'temperature_c=20');
	assert.equal(r.status, 0, r.stderr);
	const short = await until('another plan', async () => {
		const v = await planned('VAN-1');
		return v?.departs_at?.slice(0, 16) === departs.slice(0, 16) && v;
	}, 20000);
	/* 20 km of 0.3 kWh, the spread, and 6 kWh of reserve; 12 kWh are there. */
	assert.ok(short.need_wh >= 0 && short.need_wh < 3000, `${short.need_wh}`);
	assert.equal((await d.api('PUT', '/trips/LATE-1', { id: 'LATE-1', vehicle: 'VAN-1', departs, returns: at(12 * HOUR), distance_km: 130 })).status, 200);
	const long = await until('more need', async () => {
		const v = await planned('VAN-1');
		return v.need_wh > 30000 && v;
	}, 20000);
	const trip = (await trips('?vehicle=VAN-1')).find((t) => t.id === 'LATE-1');
	assert.ok(Math.abs(long.need_wh - (trip.leave_wh - 12000)) < 10, `${long.need_wh} of ${trip.leave_wh}`);
	assert.equal((await d.api('DELETE', '/trips/LATE-1')).status, 200);
	await until('as it is described again', async () => (await planned('VAN-1')).need_wh === 36000, 20000);
});

test('readiness: many questions at once leave a reader for others', async () => {
	const asked = Array.from({ length: 12 }, () => d.api('GET', '/readiness'));
	let open = asked.length;
	for (const a of asked) a.finally(() => open--);
	const other = await d.api('GET', '/transactions');
	assert.equal(other.status, 200);
	assert.ok(open >= 6, `${open} of ${asked.length} are open still`);
	assert.ok((await Promise.all(asked)).every((r) => r.status === 200));
});

test('readiness: how sure a van is to leave with its need, and what helps most', async () => {
	const sure = await until('the plan without the trip in the journal', async () => {
		const r = await get('/readiness?vehicle=VAN-1');
		return r.vehicles[0].need_wh === 36000 && r;
	}, 20000);
	assert.equal(sure.vehicles.length, 1);
	const v = sure.vehicles[0];
	assert.ok(v.probability > 0.9 && v.probability <= 1, `${v.probability}: its charger may fail, nothing else`);
	assert.match(v.sentence, /^VAN-1: about \d+ % sure to leave with .*kWh more/);
	assert.match(ctl('readiness', 'VAN-1', '--plan', sure.plan).stdout, /VAN-1 +CP-1\/1 +about \d+ % +(safe|possible)/);
	assert.deepEqual((await get(`/readiness?vehicle=VAN-1&plan=${sure.plan}`)).vehicles, sure.vehicles, 'the same again');
	assert.equal((await d.api('GET', '/readiness?vehicle=VAN-3')).status, 404);
	assert.equal(sure.vehicles[0].about, true, 'no chance was borne out yet');
	const told = await get('/chances');
	assert.deepEqual([told.bins.length, told.least, told.sentence], [6, 100, 'Not enough nights yet: 0 of 100 departures.']);
	assert.match(ctl('report', 'chances').stdout, /^Not enough nights yet[^]*95 to 99 % +0 +0 +.*about/);
	/* 42 kWh in 4.3 h of 11 kW, 10 % of which are lost: possible, and not safe. */
	assert.equal((await d.api('PUT', '/trips/FAR-1', { id: 'FAR-1', vehicle: 'VAN-1', departs: at(4.45 * HOUR),
		returns: at(12 * HOUR), distance_km: 300 })).status, 200);
	const tight = await until('a plan for it', async () => {
		const r = (await get('/readiness')).vehicles.find((x) => x.vehicle === 'VAN-1');
		return r.need_wh > 40000 && r;
	}, 20000);
	assert.ok(tight.probability < v.probability, `${tight.probability}`);
	assert.ok(['possible', 'short'].includes(tight.state), tight.sentence);
	assert.equal((await d.api('DELETE', '/trips/FAR-1')).status, 200);
});

test('a trip that is over teaches the class by odometer and state of charge, over a restart too', async () => {
	const left = Date.now() - 2 * HOUR, tell = (ms, soc_pct, odometer_km) => ({ vehicle: 'VAN-3',
		time: new Date(ms).toISOString(), soc_pct, odometer_km });
	assert.equal(await post([tell(left - 60e3, 90, 1000), tell(left + HOUR, 60, 1045), tell(Date.now() - 1000, 30, 1080)]), 200);
	assert.equal((await d.api('PUT', '/trips/DAY-1', { id: 'DAY-1', vehicle: 'VAN-3', departs: new Date(left).toISOString(),
		returns: at(-10 * 60e3), distance_km: 85 })).status, 200);
	await event(3, 'T3', 'Started', 0, { idToken: '04A3' });
	const over = await until('it to be over', async () => (await trips('?state=over'))[0], 20000);
	assert.deepEqual([over.id, over.km, over.kwh, over.learnt, over.measured], ['DAY-1', 80, 36, true, 'telematics']);
	assert.ok(over.expected_kwh > 23 && over.expected_kwh < 30, `${over.expected_kwh}`);
	const model = (await get('/consumption')).classes[0];
	assert.deepEqual([model.class, model.trips], ['small', 1]);
	assert.ok(model.km_kwh > 0.31, `${model.km_kwh}: 0.45 kWh a km were seen`);
	assert.equal((await trips()).some((t) => t.id === 'DAY-1'), false);
	assert.match(ctl('trip', 'list', '--over').stdout, /DAY-1.*36\.0.*telematics/);
	await d.stop();
	await d.start();
	assert.deepEqual((await get('/consumption')).classes[0], model);
	assert.equal((await trips()).length, 1);
	station = await booted(d, 'CP-1', { registration: { evses: 4 } });
});

test('a van that is on its way has its place in the plan, where it stood last', async () => {
	await event(3, 'T3', 'Ended', 1, { wh: 0 });
	const back = new Date(Date.now() + 2 * HOUR), next = new Date(Date.now() + 20 * HOUR);
	for (const t of [{ id: 'WAY-1', departs: at(-HOUR), returns: back.toISOString(), distance_km: 60 },
		{ id: 'WAY-2', departs: next.toISOString(), returns: at(28 * HOUR), distance_km: 100 }])
		assert.equal((await d.api('PUT', `/trips/${t.id}`, { ...t, vehicle: 'VAN-3' })).status, 200);
	const [v, plan] = await until('it to be in the plan', async () => {
		const r = (await d.api('GET', '/readiness?vehicle=VAN-3')).json, x = r?.vehicles?.[0];
		return x?.arrives_at && Math.abs(new Date(x.departs_at) - next) < 2000 && [x, r.plan];
	}, 20000);
	assert.deepEqual([v.station, v.evse], ['CP-1', 3]);
	assert.ok(Math.abs(new Date(v.arrives_at) - back) < 2000, v.arrives_at);
	assert.ok(Math.abs(new Date(v.departs_at) - next) < 2000, v.departs_at);
	assert.ok(v.need_wh > 10000 && v.need_wh < 60000, `${v.need_wh}`);
	assert.equal((await get('/plan')).vehicles.some((x) => x.id === 'VAN-3'), false, 'it is not here');
	assert.match((await get(`/plan/explain?vehicle=VAN-3&plan=${plan}`)).sentences[0], /^VAN-3 at CP-1\/3 needs/);
});

test('a van that is moved to another bay keeps what it got', async () => {
	await event(2, 'A', 'Started', 0, { wh: 1000, idToken: '04A2', ago: 40 * 60e3 });
	const first = await until('its plan', () => planned('VAN-2'), 20000);
	assert.deepEqual([first.evse, first.need_wh], [2, 20000]);
	await event(2, 'A', 'Updated', 1, { wh: 6000, ago: 5 * 60e3 });
	await event(2, 'A', 'Ended', 2, { wh: 6000, ago: 2 * 60e3 });
	await event(4, 'B', 'Started', 0, { wh: 500, idToken: '04A2' });
	const moved = await until('its plan at the other bay', async () => {
		const v = await planned('VAN-2');
		return v?.evse === 4 && v;
	}, 20000);
	assert.equal(moved.need_wh, 15500, '5 kWh at the socket are 4.5 in the battery');
	await d.stop();
	await d.start();
	await until('the same after a restart', async () => (await planned('VAN-2'))?.need_wh === 15500, 20000);
});

test('rosters: trips a week ahead, exceptions and holidays, people go before, over a restart', async () => {
	const day = (n) => new Date(Date.now() + n * 24 * HOUR).toISOString().slice(0, 10);
	const all = '[mon,tue,wed,thu,fri,sat,sun]';
	const mine = async () => (await trips()).filter((t) => t.id.startsWith('R-3-')).map((t) => t.id.slice(4));
	const roster = async () => (await get('/rosters')).rosters.find((r) => r.id === 'R-3');
	const put = (...more) => ctl('trip', 'roster', 'add', 'R-3', 'vehicle=VAN-9', `days=${all}`, 'returns=05:00', 'distance_km=50', ...more);

	assert.equal(ctl('vehicle', 'set', 'VAN-9', 'battery_wh=60000', 'max_ac_w=11000', 'max_dc_w=0').status, 0);
	assert.equal(put('departs=25:00').status, 1);
	assert.match(put('departs=25:00').stderr, /departs: must be a time like 06:15/);
	assert.equal((await d.api('PUT', '/rosters/R-3', { id: 'R-3', vehicle: 'NONE', days: ['mon'], departs: '06:00', returns: '07:00', distance_km: 1 })).status, 422);
	/* in the night, into the next day; the day after tomorrow it rests */
	const said = put('departs=23:59', `except=[${day(2)}]`);
	assert.equal(said.status, 0, said.stderr);
	await until('trips of a week', async () => (await mine()).length >= 6);
	let days = await mine();
	assert.ok(days.includes(day(1)) && days.includes(day(3)) && !days.includes(day(2)), days.join());
	assert.ok(days.includes(day(4)) && !days.includes(day(5)), `a holiday: ${days.join()}`);
	const one = (await trips('?vehicle=VAN-9')).find((t) => t.id === `R-3-${day(1)}`);
	assert.equal(one.departs.slice(0, 16), `${day(1)}T23:59`);
	assert.equal(one.returns.slice(0, 16), `${day(2)}T05:00`);
	assert.equal(one.source, 'roster');

	/* one is removed, one is changed by somebody: both stay so when the roster changes, and over a restart */
	assert.equal(ctl('trip', 'remove', `R-3-${day(3)}`).status, 0);
	const changed = { id: `R-3-${day(4)}`, vehicle: 'VAN-9', departs: `${day(4)}T12:00:00Z`, returns: `${day(4)}T13:00:00Z`, distance_km: 5 };
	assert.equal((await d.api('PUT', `/trips/${changed.id}`, changed)).status, 200);
	assert.equal(put('departs=23:30').status, 0);
	await until('the new time', async () => (await trips()).some((t) => t.id === `R-3-${day(2)}` && t.departs.slice(11, 16) === '23:30'));
	await d.stop();
	await d.start();
	await until('the roster', async () => (await roster())?.trips >= 4);
	days = await mine();
	assert.ok(!days.includes(day(3)), days.join());
	assert.equal((await trips()).find((t) => t.id === changed.id).departs.slice(11, 16), '12:00');
	assert.equal((await roster()).changed, true);
	assert.match(ctl('trip', 'roster').stdout, /R-3 +VAN-9 +mon tue wed thu fri sat sun +23:30 +05:00/);

	assert.equal(ctl('trip', 'roster', 'remove', 'R-3').status, 0);
	await until('no trips but the changed one', async () => (await mine()).join() === day(4));
	assert.equal(ctl('trip', 'remove', changed.id).status, 0);
});

test('a vehicle that is removed takes what it had to do with it; its class must be known', async () => {
	const unknown = ctl('vehicle', 'set', 'VAN-8', 'battery_wh=60000', 'max_ac_w=11000', 'max_dc_w=0', 'class=smal');
	assert.equal(unknown.status, 1);
	assert.match(unknown.stderr, /class: there is no class "smal"; the depot's file has small/);
	/* of a list that line is refused, with --check too, which stores nothing */
	const list = join(d.dir, 'vans.csv');
	writeFileSync(list, 'id;battery_wh;max_ac_w;max_dc_w;class\nVAN-6;60000;11000;0;small\nVAN-7;60000;11000;0;lorry\n');
	for (const [words, ...check] of [['1 vehicle would be stored, 1 line refused', '--check'], ['1 vehicle stored, 1 line refused']]) {
		const r = ctl('vehicle', 'import', list, ...check);
		assert.equal(r.status, 1);
		assert.ok(r.stdout.includes(words), r.stdout);
		assert.ok(r.stderr.includes(`${list}:3: class: there is no class "lorry"; the depot's file has small`), r.stderr);
		const there = (await get('/vehicles')).vehicles.map((v) => v.vehicle.id);
		assert.deepEqual([there.includes('VAN-6'), there.includes('VAN-7')], [check.length === 0, false]);
	}
	assert.equal(ctl('vehicle', 'set', 'VAN-8', 'battery_wh=60000', 'max_ac_w=11000', 'max_dc_w=0', 'class=small').status, 0);
	const own = { id: 'T-8', vehicle: 'VAN-8', departs: at(40 * HOUR), returns: at(42 * HOUR), distance_km: 5 };
	assert.equal((await d.api('PUT', '/trips/T-8', own)).status, 200);
	assert.equal(ctl('trip', 'roster', 'add', 'R-8', 'vehicle=VAN-8', 'days=[mon,tue,wed,thu,fri,sat,sun]', 'departs=23:58', 'returns=05:00', 'distance_km=50').status, 0);
	await until('trips of its roster', async () => (await trips('?vehicle=VAN-8')).length >= 4);
	assert.equal(ctl('vehicle', 'remove', 'VAN-8').status, 0);
	await until('nothing is left to do', async () => (await trips()).every((t) => t.vehicle !== 'VAN-8'));
	assert.ok((await get('/rosters')).rosters.every((r) => r.id !== 'R-8'));
	await d.stop();
	await d.start();
	assert.ok((await trips()).every((t) => t.vehicle !== 'VAN-8'));
	assert.ok((await get('/rosters')).rosters.every((r) => r.id !== 'R-8'));
});
