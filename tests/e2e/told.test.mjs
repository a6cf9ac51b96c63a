// What stations tell is kept in typed form and shown: cable, phases, times and numbers of
// transactions, and messages that belong to none.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { BUILD, Depotd, until } from './harness.mjs';
import { booted } from './peer.mjs';

let d;
before(async () => { d = await new Depotd({ config: 'device: {inventory: off}\n' }).start(); });
after(() => d?.clean());

const now = (ms = 0) => new Date(Date.now() + ms).toISOString();
const ctl = (...words) => spawnSync(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), ...words], { encoding: 'utf8' });
const evse = async (id) => (await d.api('GET', `/stations/${id}`)).json.evses[0];

const event = (eventType, seqNo, more = {}, info = {}) => ({
	eventType, seqNo, timestamp: now(seqNo * 10), triggerReason: 'ChargingStateChanged',
	transactionInfo: { transactionId: 'tx', ...info }, evse: { id: 1, connectorId: 1 }, ...more,
});

test('cable, phases, charging time, reservation and offline events of a transaction are kept and shown', async () => {
	let s = await booted(d, 'TOLD');

	await s.call('TransactionEvent', event('Started', 0, {
		triggerReason: 'Authorized', idToken: { idToken: 'AABBCCDD', type: 'ISO14443' }, reservationId: 41, offline: true,
		cableMaxCurrent: 32 }, { remoteStartId: 77 }));
	await s.call('TransactionEvent', event('Updated', 2, { cableMaxCurrent: 16, numberOfPhasesUsed: 1 },
		{ chargingState: 'Charging', timeSpentCharging: 125 }));
	await s.call('TransactionEvent', event('Updated', 1, { cableMaxCurrent: 20, numberOfPhasesUsed: 3, offline: true },
		{ timeSpentCharging: 5 })); // late: changes nothing that a later one said
	const check = async () => {
		const { transaction: t, ...detail } = (await d.api('GET', '/transactions/TOLD/tx')).json;
		assert.deepEqual([t.cable_max_a, t.phases_used, t.charging_s, t.reservation_id, t.remote_start_id], [16, 1, 125, 41, 77]);
		assert.deepEqual([t.token, t.token_type, t.token_status, t.charging_state], ['AABBCCDD', 'ISO14443', 'Accepted', 'Charging']);
		assert.deepEqual([detail.started_by, detail.ended_by, detail.offline_events], ['Authorized', undefined, 2]);
		const said = detail.events.map((e) => (typeof e.payload === 'string' ? JSON.parse(e.payload) : e.payload));
		assert.deepEqual(said.map((p) => [p.seq_no, p.cable_max_a, p.phases_used, p.charging_s]),
			[[0, 32, undefined, undefined], [2, 16, 1, 125], [1, 20, 3, 5]]);
		const live = await evse('TOLD');
		assert.deepEqual([live.cable_max_a, live.phases_used], [16, 1]);
	};
	await check();
	await s.close();
	await d.stop();
	await d.start();
	await check();
	s = await booted(d, 'TOLD');
	await s.call('TransactionEvent', event('Ended', 3, { triggerReason: 'EVCommunicationLost' }, { stoppedReason: 'EVDisconnected' }));
	const shown = ctl('session', 'TOLD', 'tx').stdout;
	for (const line of [/Began by Authorized, ended by EVCommunicationLost\./, /The cable bears 16 A, says the station\./,
		/The vehicle uses 1 phases, says the station\./, /It charged for 2 min 5 s, says the station\./,
		/Answers the remote start 77\./, /Used reservation 41\./, /2 events of while the station was offline\./])
		assert.match(shown, line);
	assert.equal((await evse('TOLD')).cable_max_a, undefined);
	await s.close();
});

test('a cable of 10 A is the limit of as many phases as the station says; one of 900 A is shown and not believed', async () => {
	const s = await booted(d, 'CABLE');

	const told = async (id, cableMaxCurrent, more, seen) => {
		await s.call('TransactionEvent', event('Started', 0, { cableMaxCurrent, ...more, triggerReason: 'CablePluggedIn' },
			{ transactionId: id, chargingState: 'Charging' }));
		await until(`${cableMaxCurrent} A to be told`, async () => seen(await evse('CABLE')), 40000);
		await s.call('TransactionEvent', event('Ended', 1, {}, { transactionId: id }));
	};
	await told('ten', 10, {}, (e) => e.limit_source === 'cable' && e.limit_w === 6900 && /bears 10 A/.test(e.limit_reason));
	await told('single', 10, { numberOfPhasesUsed: 1 }, (e) => e.limit_source === 'cable' && e.limit_w === 2300);
	await told('thick', 900, {}, (e) => e.cable_max_a === 900 && e.limit_w > 6900 && e.limit_source !== 'cable');
	await s.close();
});

const events = async (id, type) =>
	(await d.api('GET', `/journal?stream=station/${id}&limit=1000${type ? `&type=${type}` : ''}`)).json.events;
const kept = async (id, type) => (await events(id, type)).map((e) => {
	assert.equal(e.actor, `station:${id}`);
	assert.ok(e.cause);
	return typeof e.payload === 'string' ? JSON.parse(e.payload) : e.payload;
});

test('MeterValues outside of transactions: shown, in the series, and kept as what they come to', async () => {
	const s = await booted(d, 'MV');
	const at = now(-2000);
	const later = now(-1000);
	const register = { value: 12.345, unitOfMeasure: { unit: 'kWh' } };

	await s.call('MeterValues', { evseId: 1, meterValue: [
		{ timestamp: at, sampledValue: [{ value: 12.3, unitOfMeasure: { unit: 'kWh' } }] },
		{ timestamp: later, sampledValue: [
			{ ...register, signedMeterValue: { signedMeterData: 'c2lnbmVk', signingMethod: 'S', encodingMethod: 'E', publicKey: 'K' } },
			{ value: 55, measurand: 'SoC', unitOfMeasure: { unit: 'Percent' } },
			{ value: 4000, measurand: 'Power.Active.Import' }, { value: 231, measurand: 'Voltage', phase: 'L1' }] }] });
	const e = await evse('MV');
	assert.deepEqual([e.import_wh, e.soc_pct, e.power_w], [12345, 55, 4000]);
	assert.deepEqual([e.import_at, e.soc_at], [later, later]);
	const point = (await d.api('GET', '/points?prefix=evse/MV/1/')).json.points.map((p) => [p.name.slice(10), p.value]);
	assert.deepEqual(point, [['SoC', 55], ['Voltage.L1', 231], ['import_wh', 12345], ['power_w', 4000]]);
	assert.deepEqual(await kept('MV', 'MeterValuesReported'), [{
		evse_id: 1, samples: 5, from: at, to: later, meter_wh: 12345, meter_at: later, first_meter_wh: 12300, power_w: 4000, soc_pct: 55,
		signed: [{ at: later, measurand: 'Energy.Active.Import.Register', value: 12345, data: 'c2lnbmVk', method: 'S', encoding: 'E', key: 'K' }] }]);
	await s.call('MeterValues', { evseId: 1, meterValue: [{ timestamp: now(), sampledValue: [{ value: 170, measurand: 'SoC' }] }] });
	assert.match((await kept('MV', 'MeterValuesReported'))[1].quarantined, /state of charge/);
	assert.equal((await evse('MV')).soc_pct, 55);
	await s.close();
});

test('a state of charge that comes by MeterValues is that of the plugged van', async () => {
	const s = await booted(d, 'MV-VAN');

	await s.call('TransactionEvent', event('Started', 0, { idToken: { idToken: 'AABBCCDD', type: 'ISO14443' }, timestamp: now(-60000) }));
	await s.call('MeterValues', { evseId: 1, meterValue: [{ timestamp: now(-120000), sampledValue: [{ value: 12, measurand: 'SoC' }] }] });
	assert.equal((await evse('MV-VAN')).soc_pct, undefined); // of before it came
	await s.call('MeterValues', { evseId: 1, meterValue: [{ timestamp: now(), sampledValue: [{ value: 43, measurand: 'SoC' }] }] });
	assert.equal((await evse('MV-VAN')).soc_pct, 43);
	assert.equal((await d.api('GET', '/vehicles/VAN-1')).json.vehicle.soc_pct, 43);
	await s.call('TransactionEvent', event('Ended', 1));
	await s.close();
});

test('no message is journalled without a type of its own', async () => {
	const s = await booted(d, 'TYPED');

	assert.equal((await s.call('DataTransfer', { vendorId: 'com.nobody', messageId: 'm', data: { a: 1 } })).status, 'UnknownVendorId');
	await s.call('ReservationStatusUpdate', { reservationId: 9, reservationUpdateStatus: 'Expired' });
	assert.equal((await s.call('SignCertificate', { csr: 'CSR', certificateType: 'V2GCertificate' })).status, 'Rejected');
	await s.call('GetCertificateStatus', { ocspRequestData: {
		hashAlgorithm: 'SHA256', issuerNameHash: 'aa', issuerKeyHash: 'bb', serialNumber: '01', responderURL: 'http://ocsp' } });
	await s.call('Get15118EVCertificate', { iso15118SchemaVersion: 'urn:iso:15118:2:2013:MsgDef', action: 'Install', exiRequest: 'ZXhp' });
	assert.deepEqual(await kept('TYPED', 'VendorDataRefused'), [{ vendor: 'com.nobody', message: 'm', data_length: 7, status: 'UnknownVendorId' }]);
	assert.deepEqual(await kept('TYPED', 'ReservationReported'), [{ reservation_id: 9, status: 'Expired', known: false }]);
	assert.deepEqual(await kept('TYPED', 'CertificateAsked'), [{ type: 'V2GCertificate', csr: 'CSR', status: 'Rejected',
		why: 'it is not one request in PEM (-----BEGIN CERTIFICATE REQUEST-----)' }]);
	assert.deepEqual(await kept('TYPED', 'CertificateStatusAsked'), [{ hash_algorithm: 'SHA256', issuer_name_hash: 'aa',
		issuer_key_hash: 'bb', number: '01', responder: 'http://ocsp', status: 'Failed', why: 'the hashes are not 64 hex digits long, as those of SHA256 are' }]);
	assert.deepEqual(await kept('TYPED', 'ContractAsked'),
		[{ schema_version: 'urn:iso:15118:2:2013:MsgDef', action: 'Install', exi_length: 4, status: 'Failed', why: 'no contract pool is configured (trust.contract_pool)' }]);
	for (const id of ['TYPED', 'MV']) assert.deepEqual(await events(id, 'StationReported'), []);
	await s.close();
});

test('the readings of a transaction come by time, page by page, as JSON and as CSV', async () => {
	const s = await booted(d, 'READ', { registration: { evses: 2 } });
	const begin = Date.now() - 600000;
	const time = (seconds) => new Date(begin + seconds * 1000).toISOString();
	const reading = (seconds, ...sampledValue) => ({ timestamp: time(seconds), sampledValue });
	const power = (value) => ({ value, measurand: 'Power.Active.Import' });
	const say = (eventType, seqNo, seconds, more = {}, evseId = 1, transactionId = 'r') => s.call('TransactionEvent', {
		eventType, seqNo, timestamp: time(seconds), triggerReason: 'MeterValuePeriodic', transactionInfo: { transactionId },
		evse: { id: evseId, connectorId: 1 }, ...more });

	await s.call('MeterValues', { evseId: 1, meterValue: [reading(-60, power(9))] }); // before it
	await say('Started', 0, 0, { meterValue: [reading(0, { value: 1000 })] });
	await say('Started', 0, 0, { meterValue: [reading(0, { value: 7 })] }, 2, 'other');
	for (let n = 1; n <= 6; n++)
		await say('Updated', n, n * 60, { meterValue: [reading(n * 60, { value: 1000 + n * 100 }, power(6000),
			{ value: 15, measurand: 'Current.Import', phase: 'L1' }, { value: 21, measurand: 'SoC', location: 'EV' })] });
	await s.call('MeterValues', { evseId: 1, meterValue: [reading(390, { value: 1650 }, power(5000))] }); // within it
	// The end brings samples of before, which no event has told (TxEndedMeasurands).
	await say('Ended', 7, 420, { meterValue: [reading(405, { value: 1675 }, power(4000)), reading(420, { value: 1700 })] });
	await s.call('MeterValues', { evseId: 1, meterValue: [reading(480, power(8))] }); // after it
	const path = '/transactions/READ/r/meter-values';
	const all = await until('the series to be written', async () => {
		const v = (await d.api('GET', path)).json.values;
		return v.length === 30 && v;
	});
	assert.deepEqual(all.filter((v) => v.measurand === 'Energy.Active.Import.Register').map((v) => [v.at, v.value, v.seq_no]),
		[[0, 1000, 0], [60, 1100, 1], [120, 1200, 2], [180, 1300, 3], [240, 1400, 4], [300, 1500, 5], [360, 1600, 6],
			[390, 1650, undefined], [405, 1675, undefined], [420, 1700, 7]].map(([t, ...v]) => [time(t), ...v]));
	assert.deepEqual(all.find((v) => v.phase), { at: time(60), measurand: 'Current.Import', phase: 'L1', value: 15, unit: 'A',
		quality: 'good', source: 'series' });
	assert.equal(all.find((v) => v.measurand === 'SoC').location, 'EV');
	assert.deepEqual(all.filter((v) => [9, 8, 7].includes(v.value)), []);
	const paged = [];
	for (let next = ''; next !== undefined;) {
		const page = (await d.api('GET', `${path}?limit=4${next && `&cursor=${next}`}`)).json;
		assert.ok(page.values.length <= 4);
		paged.push(...page.values);
		next = page.next;
	}
	assert.deepEqual(paged, all);

	const lines = [];
	for (let next = '?format=csv&limit=10'; next;) {
		const r = await d.api('GET', path + next);
		assert.match(r.headers['content-type'], /^text\/csv/);
		const [head, ...rows] = r.text.trimEnd().split('\r\n');
		assert.equal(head, 'at,measurand,phase,location,value,unit,quality,seq_no,source');
		lines.push(...rows);
		next = /^<(.*)>; rel="next"$/.exec(r.headers.link ?? '')?.[1];
	}
	assert.deepEqual(lines, all.map((v) => [v.at, v.measurand, v.phase, v.location, v.value, v.unit, v.quality, v.seq_no, v.source].join()));
	assert.match((await d.api('GET', path, undefined, { accept: 'text/csv' })).headers['content-type'], /^text\/csv/);
	assert.deepEqual([(await d.api('GET', `${path}?format=xml`)).status, (await d.api('GET', `${path}?cursor=x`)).status,
		(await d.api('GET', '/transactions/READ/none/meter-values')).status], [400, 400, 404]);
	const shown = ctl('session', 'READ', 'r', '--meter-values').stdout;
	assert.match(shown, /Energy\.Active\.Import\.Register [ -]+1700 +Wh +good +7 +series/);
	assert.equal(shown.trimEnd().split('\n').length, 31);
	await s.close();
});

test('readings of a transaction whose EVSE nobody named are those of the journal', async () => {
	const s = await booted(d, 'NOWHERE');

	await s.call('TransactionEvent', { eventType: 'Started', seqNo: 0, timestamp: now(), triggerReason: 'Authorized',
		transactionInfo: { transactionId: 'n' }, meterValue: [{ timestamp: now(), sampledValue: [{ value: 4711 }] }] });
	const { values } = (await d.api('GET', '/transactions/NOWHERE/n/meter-values')).json;
	assert.deepEqual(values.map((v) => [v.value, v.seq_no, v.source]), [[4711, 0, 'journal']]);
	await s.close();
});
