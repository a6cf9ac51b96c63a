// Every sampled value is a point: named by measurand, phase and place, in its base unit, with age,
// quality and context; signed readings stay with their transaction byte for byte. 2.0.1 and 1.6.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { BUILD, Depotd, until } from './harness.mjs';
import { Station, booted, register } from './peer.mjs';

let d;
const now = (ms = 0) => new Date(Date.now() + ms).toISOString();

before(async () => { d = await new Depotd().start(); });
after(() => d?.clean());

const points = async (prefix, more = '') =>
	(await d.api('GET', `/points?prefix=${encodeURIComponent(prefix)}${more}`)).json;

const named = async (prefix) => new Map((await points(prefix)).points.map((p) => [p.name.slice(prefix.length), p]));

const values = (...sampledValue) => [{ timestamp: now(), sampledValue }];

const metric = async (name) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec((await d.api('GET', '/metrics')).text)?.[1]);

test('units, multipliers, phases and places of OCPP 2.0.1', async () => {
	const s = await booted(d, 'V201', { registration: { evses: 2 } });

	await s.call('MeterValues', {
		evseId: 1,
		meterValue: values(
			{ value: 16, measurand: 'Current.Import', phase: 'L1', context: 'Sample.Clock' },
			{ value: 15500, measurand: 'Current.Import', phase: 'L2', unitOfMeasure: { unit: 'A', multiplier: -3 } },
			{ value: 0.231, measurand: 'Voltage', phase: 'L1-N', unitOfMeasure: { unit: 'V', multiplier: 3 } },
			{ value: 11.2, measurand: 'Power.Active.Import', unitOfMeasure: { unit: 'kW' } },
			{ value: 11.5, measurand: 'Power.Active.Import', location: 'Inlet', unitOfMeasure: { unit: 'kW' } },
			{ value: 2.5, measurand: 'Energy.Reactive.Import.Register', unitOfMeasure: { unit: 'kvarh' } },
			{ value: 1234.5, unitOfMeasure: { unit: 'kWh' } },
			{ value: 32, measurand: 'Current.Offered' },
			{ value: 49.98, measurand: 'Frequency' },
			{ value: 71, measurand: 'SoC', location: 'EV', unitOfMeasure: { unit: 'Percent' } },
		),
	});
	const p = await named('evse/V201/1/');
	const is = (name, value, unit) => {
		assert.ok(Math.abs(p.get(name).value - value) < 1e-6, `${name}: ${p.get(name).value}`);
		assert.equal(p.get(name).unit, unit);
		assert.equal(p.get(name).quality, 'good');
	};

	is('Current.Import.L1', 16, 'A');
	is('Current.Import.L2', 15.5, 'A');
	is('Voltage.L1-N', 231, 'V');
	is('power_w', 11200, 'W');
	is('Power.Active.Import.Inlet', 11500, 'W');
	is('Energy.Reactive.Import.Register', 2500, 'varh');
	is('import_wh', 1234500, 'Wh');
	is('Current.Offered', 32, 'A');
	is('Frequency', 49.98, 'Hz');
	is('SoC.EV', 71, '%');
	assert.equal(p.size, 10);
	assert.equal(p.get('Current.Import.L1').context, 'Sample.Clock');

	await s.call('MeterValues', { evseId: 0, meterValue: values({ value: 40, measurand: 'Current.Import', phase: 'L3' }) });
	assert.equal((await named('evse/V201/0/')).get('Current.Import.L3').value, 40);
	await s.close();
});

test('a station that sets its wrong clock at a boot is believed at once; what waited is not', async () => {
	const s = await booted(d, 'SET-RIGHT');
	const two = 2 * 3600e3;
	for (let i = 0; i < 4; i++) {
		await s.call('StatusNotification', { timestamp: now(two), connectorStatus: 'Occupied', evseId: 1, connectorId: 1 });
		await new Promise((r) => setTimeout(r, 1900));
	}
	await until('its clock to be learnt', async () => (await d.api('GET', '/journal?stream=station/SET-RIGHT&type=StationClockFound')).json.events.length);
	const reading = (ms, value) => [{ timestamp: now(ms), sampledValue: [{ value, measurand: 'Energy.Active.Import.Register' }] }];
	const event = (eventType, seqNo, ms, id, more = {}) => s.call('TransactionEvent', {
		eventType, timestamp: now(ms), triggerReason: 'MeterValuePeriodic', seqNo, transactionInfo: { transactionId: id },
		evse: { id: 1, connectorId: 1 }, meterValue: reading(ms, 1000 + seqNo), ...more,
	});
	await event('Started', 0, two - 600e3, 'OLD', { offline: true });
	await event('Ended', 1, two - 300e3, 'OLD', { offline: true });
	await event('Started', 0, 0, 'NEW');
	await event('Ended', 1, 0, 'NEW');
	const session = async (id) => (await d.api('GET', `/transactions/SET-RIGHT/${id}`)).json.transaction;
	const ago = (t) => (Date.now() - Date.parse(t)) / 1000;
	const fresh = await until('the end', async () => { const t = await session('NEW'); return t.ended_at && t; });
	assert.ok(ago(fresh.started_at) < 60 && ago(fresh.ended_at) < 60, JSON.stringify(fresh));
	const old = await session('OLD');
	assert.ok(Math.abs(ago(old.started_at) - 600) < 60 && Math.abs(ago(old.ended_at) - 300) < 60, JSON.stringify(old));
	await s.call('MeterValues', { evseId: 1, meterValue: [{ timestamp: now(), sampledValue: [{ value: 231, measurand: 'Voltage' }] }] });
	const v = await until('the voltage', async () => (await named('evse/SET-RIGHT/1/')).get('Voltage'));
	assert.equal(v.quality, 'good');
	await s.close();
});

test('a late value does not replace a newer one, an old one is held, and the list pages', async () => {
	const s = await booted(d, 'LATE');
	const at = (ms, value) => s.call('MeterValues', {
		evseId: 1, meterValue: [{ timestamp: now(ms), sampledValue: [{ value, measurand: 'Voltage' }, { value, measurand: 'Frequency' }] }],
	});

	await at(-600000, 229);
	assert.equal((await named('evse/LATE/1/')).get('Voltage').quality, 'held');
	assert.equal((await points('evse/LATE/', '&max_age=60')).points.length, 0);
	await at(-1000, 231);
	await at(-500000, 230);
	assert.equal((await named('evse/LATE/1/')).get('Voltage').value, 231);
	const first = await points('evse/LATE/', '&limit=1');
	assert.deepEqual(first.points.map((p) => p.name), ['evse/LATE/1/Frequency']);
	const rest = await points('evse/LATE/', `&after=${encodeURIComponent(first.next)}`);
	assert.deepEqual(rest.points.map((p) => p.name), ['evse/LATE/1/Voltage']);
	assert.equal(rest.next, undefined);
	const ctl = (...words) => spawnSync(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), 'points', ...words], { encoding: 'utf8' });
	assert.match(ctl('evse/LATE/').stdout, /evse\/LATE\/1\/Voltage +231 +V +good/);
	const one = await d.api('GET', `/points/${encodeURIComponent('evse/LATE/1/Voltage')}`);
	assert.deepEqual(one.json, (await points('evse/LATE/1/Voltage')).points[0]);
	assert.equal((await d.api('GET', '/points/evse%2FLATE%2F1%2FVolt')).status, 404);
	assert.match(ctl('evse/LATE/1/Voltage', '--one').stdout, /evse\/LATE\/1\/Voltage +231 +V +good +\d\d:\d\d/);
	assert.deepEqual([ctl('evse/LATE/1/Volt', '--one').status, ctl('--one').status], [1, 2]);
	await s.close();
});

test('a station of OCPP 1.6 has the same points', async () => {
	await register(d, 'V16');
	const s = await new Station(d, 'V16', { protocols: 'ocpp1.6' }).connect();

	await s.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' });
	await s.call('MeterValues', {
		connectorId: 1,
		meterValue: values(
			{ value: '15.5', measurand: 'Current.Import', phase: 'L1', unit: 'A' },
			{ value: '3.5', measurand: 'Power.Active.Import', unit: 'kW' },
			{ value: '230.1', measurand: 'Voltage', phase: 'L2-N', unit: 'V' },
		),
	});
	// 2.0.1 knows neither: they must not get lost on their way through it.
	const hot = (meterValue, connectorId = 1) => s.call('MeterValues', { connectorId, meterValue });
	await hot(values({ value: '41.5', measurand: 'Temperature', unit: 'Celcius', location: 'Body' },
		{ value: '1200', measurand: 'RPM' }, { value: 'hot', measurand: 'Temperature' }));
	await hot(values({ value: '295.65', measurand: 'Temperature', unit: 'K', context: 'Sample.Clock' }));
	await hot(values({ value: '212', measurand: 'Temperature', unit: 'Fahrenheit', location: 'Inlet' }), 0);
	await hot(values({ value: '1', measurand: 'Temperature' }), 7); // there is no such connector
	const p = await named('evse/V16/1/');
	assert.equal(p.get('Current.Import.L1').value, 15.5);
	assert.equal(p.get('power_w').value, 3500);
	assert.equal(p.get('Voltage.L2-N').value, 230.1);
	const other = (point) => [Number(point.value.toFixed(6)), point.unit, point.context];
	assert.deepEqual(other(p.get('Temperature.Body')), [41.5, '°C', undefined]);
	assert.deepEqual(other(p.get('Temperature')), [22.5, '°C', 'Sample.Clock']);
	assert.deepEqual(other(p.get('RPM')), [1200, '1/min', undefined]);
	assert.deepEqual(other((await named('evse/V16/0/')).get('Temperature.Inlet')), [100, '°C', undefined]);
	assert.equal((await named('evse/V16/7/')).size, 0);
	await s.close();
});

test('measurands of the maker are points and series under their own name, of either version', async () => {
	const s = await booted(d, 'OWN', { registration: { evses: 2 } });
	const long = 'V'.repeat(51);
	const own = values(
		{ value: 21.5, measurand: 'Vendor.Cabinet-Temperature', unitOfMeasure: { unit: 'Celsius' } },
		{ value: 215, measurand: 'Vendor.Fan', phase: 'U1', location: 'Roof', unitOfMeasure: { unit: 'rpm', multiplier: 1 } },
		{ value: 5, measurand: 'power_w' }, // no name of ours is anybody else's
		{ value: 16, measurand: 'Current.Import', phase: 'L1' },
		{ value: 17, measurand: 'Current.Import', phase: 'L9' },
		{ value: 1, measurand: 'a/b' }, { value: 1, measurand: long }, { value: 1e300, measurand: 'Vendor.Huge' }, { value: 'x', measurand: 'Vendor.Text' },
	);
	await s.call('MeterValues', { evseId: 1, meterValue: own });
	let p = await named('evse/OWN/1/');
	assert.deepEqual([...p].map(([name, v]) => [name, v.value, v.unit ?? '']).sort(), [
		['Current.Import.L1', 16, 'A'], ['Vendor.Cabinet-Temperature', 21.5, 'Celsius'], ['Vendor.Fan.U1.Roof', 2150, 'rpm'], ['vendor.power_w', 5, ''],
	]);
	assert.deepEqual(await s.call('MeterValues', { evseId: 9, meterValue: own }), {}, 'an EVSE that there is not');
	await s.call('TransactionEvent', { eventType: 'Started', timestamp: now(), triggerReason: 'CablePluggedIn', seqNo: 0, transactionInfo: { transactionId: 'own' },
		evse: { id: 2, connectorId: 1 }, meterValue: values({ value: 3, measurand: 'Vendor.Ripple' }) });
	assert.equal((await named('evse/OWN/2/')).get('Vendor.Ripple').value, 3);
	const kept = await until('the series', async () => (await d.api('GET', '/transactions/OWN/own/meter-values')).json.values.find((v) => v.measurand === 'Vendor.Ripple'));
	assert.deepEqual([kept.value, kept.quality], [3, 'good']);
	await s.close();

	await register(d, 'OWN16');
	const old = await new Station(d, 'OWN16', { protocols: 'ocpp1.6' }).connect();
	await old.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' });
	await old.call('MeterValues', { connectorId: 1, meterValue: values({ value: '42.5', measurand: 'Vendor.Temp', unit: 'Kelvins' }) });
	p = await named('evse/OWN16/1/');
	assert.deepEqual([p.get('Vendor.Temp').value, p.get('Vendor.Temp').unit], [42.5, 'Kelvins']);
	await old.close();
});

test('rule 26: a transaction of OCPP 1.6 is answered and kept whatever its values are', async () => {
	await register(d, 'ANY16');
	const s = await new Station(d, 'ANY16', { protocols: 'ocpp1.6' }).connect();
	const shown = async (id) => (await d.api('GET', '/transactions?station=ANY16')).json.transactions.find((t) => t.id === `${id}`);
	await s.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' });

	const refused = await s.call('StartTransaction', { connectorId: 1, idTag: 'a tag of more than twenty', meterStart: 100, timestamp: now(-9000), reservationId: 'x' });
	assert.notEqual(refused.idTagInfo.status, 'Accepted', 'a tag that cannot be read opens nothing');
	assert.ok(Number.isInteger(refused.transactionId));
	for (const meterValue of [[], [{ timestamp: now(), sampledValue: [] }], [{ timestamp: 'x', sampledValue: [{ value: '1' }] }],
		values({ value: '7', measurand: 'Vendor.X' }, { value: '7', phase: 'L4' }, { value: 7 }, { value: 'seven' }), 'none', null])
		assert.deepEqual(await s.call('MeterValues', { connectorId: 1, transactionId: refused.transactionId, meterValue }), {}, JSON.stringify(meterValue));
	await s.call('MeterValues', { connectorId: 1, transactionId: refused.transactionId,
		meterValue: values({ value: '180', context: 'Monday' }, { value: '7', unit: 'furlongs' }) });
	await s.call('StopTransaction', { transactionId: refused.transactionId, meterStop: 200, timestamp: now(), reason: 'CoffeeBreak', idTag: 7,
		transactionData: [{ timestamp: now(), sampledValue: [{ value: '190', measurand: 'Vendor.X' }] }, 7] });
	const t = await shown(refused.transactionId);
	assert.deepEqual([t.state, t.energy_wh, t.complete], ['ended', 100, true], JSON.stringify(t));
	assert.equal((await named('evse/ANY16/1/')).get('Vendor.X').value, 190);

	const strange = await s.ask('MeterValues', { connectorId: 1, meterValue: [], more: 1 });
	assert.deepEqual([strange[0], strange[2]], [4, 'FormationViolation'], 'rule 16 stands');
	assert.equal((await s.ask('StopTransaction', { meterStop: 1, timestamp: now() }))[0], 4);
	await s.close();
});

test('a flood is shown, counted and not recorded', async () => {
	const s = await booted(d, 'FLOOD');
	const t = now();
	const say = (value) => s.call('MeterValues', {
		evseId: 1, meterValue: [{ timestamp: t, sampledValue: Array.from({ length: 50 }, () => ({ value, measurand: 'Frequency' })) }],
	});
	const before = await metric('depotd_ocpp_values_dropped_total');

	for (let i = 1; i <= 20; i++) await say(i);
	assert.equal((await named('evse/FLOOD/1/')).get('Frequency').value, 20);
	assert.equal(await metric('depotd_ocpp_values_dropped_total') - before, 999);
	await s.close();
});

test('signed readings stay with their transaction byte for byte', async () => {
	const s = await booted(d, 'SIGN');
	const data = 'T0NNRnx7IkZWIjoiMS4wIn18eyJTRCI6IjMwNDUifQ==\n"é"';
	const signed = (value, context, more = '') => ({
		value, context, unitOfMeasure: { unit: 'kWh' },
		signedMeterValue: { signedMeterData: data + more, signingMethod: '', encodingMethod: 'OCMF', publicKey: 'MFkw' },
	});
	const event = (eventType, seqNo, ...v) => s.call('TransactionEvent', {
		eventType, seqNo, timestamp: now(), triggerReason: 'MeterValuePeriodic', transactionInfo: { transactionId: 'tx' },
		evse: { id: 1, connectorId: 1 }, meterValue: values(...v),
	});

	await event('Started', 0, signed(1, 'Transaction.Begin'));
	await event('Updated', 1, { value: 1500 });
	await event('Ended', 2, signed(2, 'Transaction.End', 'x'.repeat(2400)));
	const list = async () => (await d.api('GET', '/transactions/SIGN/tx/signed')).json.readings;
	const check = (r) => {
		assert.deepEqual(r.map((x) => [x.seq_no, x.value, x.context]), [[0, 1000, 'Transaction.Begin'], [2, 2000, 'Transaction.End']]);
		assert.equal(r[0].data, data);
		assert.equal(r[1].data, data + 'x'.repeat(2400));
		assert.deepEqual([r[0].method, r[0].encoding, r[0].key], ['', 'OCMF', 'MFkw']);
		assert.deepEqual([r[0].verdict, /^Not verifiable: /.test(r[0].why)], ['unverifiable', true]);
	};
	check(await list());
	const shown = spawnSync(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), 'session', 'SIGN', 'tx', '--signed'], { encoding: 'utf8' });
	check(JSON.parse(shown.stdout).readings);
	assert.equal((await d.api('GET', '/transactions/SIGN/none/signed')).status, 404);
	await s.close();
	await d.stop();
	await d.start();
	check(await list());
});
