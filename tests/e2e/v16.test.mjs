// A real OCPP 1.6J client that nobody here wrote (npm ocpp-rpc, strict mode: it checks every message
// of both sides against the official schemas) is a station like any other to everything above.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { RPCClient, createRPCError } from 'ocpp-rpc';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, Depotd, until } from './harness.mjs';
import { signedBy } from '../certification/pki.mjs';

const KEY = Buffer.from('00017fff80c3280a0d3a22f0908d41424344ff00', 'hex'); // raw bytes, no UTF-8
const now = (ms = 0) => new Date(Date.now() + ms).toISOString();

let depotd;
let client;
let seen = []; // calls that came to the station: {method, params}
let config = { // its configuration keys: value, readonly
	HeartbeatInterval: ['300', false], NumberOfConnectors: ['2', true],
	ChargingScheduleAllowedChargingRateUnit: ['Current,Power', true],
	MeterValueSampleInterval: ['60', false], SupportedFeatureProfiles: ['Core,SmartCharging', true],
	GetConfigurationMaxKeys: ['20', true], VendorThing: ['abc', false],
};
let answers = {}; // method: what to answer instead

const last = (method) => seen.filter((s) => s.method === method).at(-1)?.params;
const all = (method) => seen.filter((s) => s.method === method).map((s) => s.params);
const notImplemented = () => { throw createRPCError('NotImplemented', 'no such thing here'); };

const station = {
	GetConfiguration: ({ key }) => {
		const known = (key ?? Object.keys(config)).filter((k) => config[k]);
		return {
			configurationKey: known.map((k) => ({ key: k, value: config[k][0], readonly: config[k][1] })),
			...(key && { unknownKey: key.filter((k) => !config[k]) }),
		};
	},
	ChangeConfiguration: ({ key, value }) => {
		if (key === 'AuthorizationKey') return { status: 'Accepted' };
		if (!config[key]) return { status: 'NotSupported' };
		if (config[key][1]) return { status: 'Rejected' };
		config[key][0] = value;
		return { status: key === 'MeterValueSampleInterval' ? 'RebootRequired' : 'Accepted' };
	},
	SetChargingProfile: () => ({ status: 'Accepted' }),
	ClearChargingProfile: () => ({ status: 'Accepted' }),
	RemoteStartTransaction: () => ({ status: 'Accepted' }),
	RemoteStopTransaction: () => ({ status: 'Accepted' }),
	Reset: () => ({ status: 'Accepted' }),
	ChangeAvailability: () => ({ status: 'Accepted' }),
	UnlockConnector: () => ({ status: 'Unlocked' }),
	ClearCache: () => ({ status: 'Accepted' }),
	TriggerMessage: () => ({ status: 'Accepted' }),
	GetLocalListVersion: () => ({ listVersion: 0 }),
	SendLocalList: () => ({ status: 'Accepted' }),
	ReserveNow: () => ({ status: 'Accepted' }),
	CancelReservation: () => ({ status: 'Accepted' }),
	GetDiagnostics: () => ({ fileName: 'diag.zip' }),
	UpdateFirmware: () => ({}),
	DataTransfer: () => ({ status: 'Accepted', data: 'pong' }),
	GetCompositeSchedule: ({ connectorId, duration }) => ({
		status: 'Accepted', connectorId, scheduleStart: now(),
		chargingSchedule: {
			duration, chargingRateUnit: 'W', chargingSchedulePeriod: [{ startPeriod: 0, limit: 4140 }],
		},
	}),
};

function connect(options = {}) {
	const c = new RPCClient({
		endpoint: `ws://127.0.0.1:${depotd.ports.profile1}/ocpp`, identity: 'CP-1',
		protocols: ['ocpp1.6'], password: KEY, strictMode: true, reconnect: false, ...options,
	});
	c.handle(({ method, params }) => {
		seen.push({ method, params });
		if (answers[method]) return answers[method](params);
		return (station[method] ?? notImplemented)(params);
	});
	c.on('strictValidationFailure', ({ error }) => assert.fail(`depotd broke a schema: ${error}`));
	return c;
}

const boot = (c) => c.call('BootNotification', {
	chargePointVendor: 'Nobody', chargePointModel: 'Old one', chargePointSerialNumber: 'S16', firmwareVersion: '1.6.1',
});
const status = (connectorId, word, more = {}) => client.call('StatusNotification', {
	connectorId, status: word, errorCode: 'NoError', timestamp: now(), ...more,
});
const start = (connectorId, more = {}) => client.call('StartTransaction', {
	connectorId, idTag: 'AABBCCDD', meterStart: 1000, timestamp: now(), ...more,
});
const values = (connectorId, transactionId, wh, w, at = now()) => client.call('MeterValues', {
	connectorId, ...(transactionId !== undefined && { transactionId }),
	meterValue: [{ timestamp: at, sampledValue: [
		{ value: `${wh}`, context: 'Sample.Periodic' },
		{ value: `${w / 1000}`, measurand: 'Power.Active.Import', unit: 'kW' },
		{ value: '31', measurand: 'Temperature', unit: 'Celcius' },
	] }],
});
const evse = async (id) => (await depotd.api('GET', '/stations/CP-1')).json.evses.find((e) => e.id === id);
const transaction = async (id) => {
	const r = await depotd.api('GET', `/transactions?station=CP-1`);
	return r.json.transactions.find((t) => t.id === `${id}`);
};
const journal = async () => (await depotd.api('GET', '/journal?stream=station/CP-1&limit=1000')).text;
const command = (action, payload, more = {}) =>
	depotd.api('POST', '/stations/CP-1/commands', { action, payload, ...more });

before(async () => {
	depotd = await new Depotd({ config: 'limits: {doubt_s: 2}\n' }).start();
	const r = await depotd.api('PUT', '/stations/CP-1', {
		policy: 'accepted', security_profile: 1, password: KEY.toString('hex'), node: 'feeder',
		evses: [1, 2].map((id) => ({ id, kind: 'ac', max_w: 22000, min_w: 4140, tail_w: 4140 })),
	});
	assert.ok([200, 201].includes(r.status), r.text);
});

after(async () => {
	await client?.close({ force: true }).catch(() => {});
	await depotd?.clean();
});

test('its password is raw bytes: those of the AuthorizationKey that was registered as hex', async () => {
	await assert.rejects(connect({ password: Buffer.concat([KEY, KEY]) }).connect(), (e) => e.code === 401);
	await assert.rejects(connect({ password: KEY, protocols: ['ocpp2.0.1'] }).connect(), (e) => e.code === 401);
	const literal = connect({ password: KEY.toString('hex') });
	await literal.connect();
	await literal.close();
	client = connect();
	await client.connect();
	assert.equal(client.protocol, 'ocpp1.6');
});

test('it boots, tells its connectors and is a station like any other', async () => {
	await assert.rejects(client.call('Heartbeat', {}), /SecurityError|not accepted/);
	const r = await boot(client);
	assert.equal(r.status, 'Accepted');
	assert.ok(r.interval > 0);
	await status(0, 'Available');
	await status(1, 'Preparing');
	await status(2, 'Available');
	assert.ok((await client.call('Heartbeat', {})).currentTime);
	const s = (await depotd.api('GET', '/stations/CP-1')).json;
	assert.equal(s.connected, true);
	assert.equal(s.protocol, 'ocpp1.6');
	assert.equal(s.vendor, 'Nobody');
	assert.equal(s.serial, 'S16');
	assert.equal(s.evses[0].state, 'plugged');
	assert.equal(s.evses[1].state, 'free');
});

test('each connector gets a safe default profile', async () => {
	await until('default profiles', () => new Set(all('SetChargingProfile').filter((p) =>
		p.csChargingProfiles.chargingProfilePurpose === 'TxDefaultProfile').map((p) => p.connectorId)).size === 2);
	const periods = all('SetChargingProfile')[0].csChargingProfiles.chargingSchedule.chargingSchedulePeriod;
	assert.equal(periods[0].limit, 0);
	assert.equal(periods.at(-1).limit, 4140, 'ends in the tail');
});

test('tags are checked, and what 1.6 has no word for is Invalid', async () => {
	assert.equal((await client.call('Authorize', { idTag: 'aabbccdd' })).idTagInfo.status, 'Accepted');
	assert.equal((await client.call('Authorize', { idTag: 'FFFF' })).idTagInfo.status, 'Invalid');
});

let tx;

test('a van charges: numbers of ours, a profile of its own, state and meter in view', async () => {
	const r = await start(1);
	tx = r.transactionId;
	assert.equal(r.idTagInfo.status, 'Accepted');
	assert.ok(Number.isInteger(tx) && tx > 0);
	await status(1, 'Charging');
	await values(1, tx, 1500, 7000);
	await until('a TxProfile', () => all('SetChargingProfile').some((p) =>
		p.connectorId === 1 && p.csChargingProfiles.chargingProfilePurpose === 'TxProfile' &&
		p.csChargingProfiles.transactionId === tx), 60000);	// a boot of 1.6 may be one after a loss of power
	const e = await evse(1);
	assert.equal(e.state, 'charging');
	const t = await transaction(tx);
	assert.equal(t.state, 'open');
	assert.equal(t.vehicle, 'VAN-1');
	assert.equal(t.energy_wh, 500);
	assert.equal((await evse(1)).power_w, 7000);
});

test('by a clock that nobody set, a transaction after one that was stopped is another one', async () => {
	const timestamp = '1970-01-01T00:00:07Z', stopped = [];
	for (let i = 0; i < 2; i++) {
		const t = (await start(2, { timestamp, idTag: 'UNKNOWN', meterStart: 0 })).transactionId;
		assert.equal((await start(2, { timestamp, idTag: 'UNKNOWN', meterStart: 0 })).transactionId, t, 'a retry');
		await client.call('StopTransaction', { transactionId: t, meterStop: 100, timestamp, reason: 'Local' });
		stopped.push(t);
	}
	assert.notEqual(stopped[0], stopped[1]);
	await status(2, 'Available');
});

test('a transaction whose StopTransaction was lost ends when its connector stays Available; a late one still counts', async () => {
	const t = (await start(2, { idTag: 'UNKNOWN' })).transactionId;
	await status(2, 'Charging');
	assert.equal((await evse(2)).transaction, `${t}`);
	await status(2, 'Available');
	await until('its end', async () => (await client.call('Heartbeat', {})) && (await evse(2)).transaction !== `${t}`, 20000);
	await until('its end in the store', async () => (await transaction(t)).state !== 'open');
	await client.call('StopTransaction', { transactionId: t, meterStop: 4000, timestamp: now(), reason: 'Local' });
	const late = await transaction(t);
	assert.deepEqual([late.state, late.stopped_reason], ['ended', 'Local']);
});

test('a StartTransaction whose answer was lost gets the same number and makes no second transaction', async () => {
	const timestamp = now(-1000);
	const a = await start(2, { timestamp, idTag: 'UNKNOWN' });
	assert.equal(a.idTagInfo.status, 'Invalid', 'answered even for an invalid tag');
	await status(2, 'SuspendedEVSE');
	const b = await start(2, { timestamp, idTag: 'UNKNOWN' });
	assert.equal(b.transactionId, a.transactionId);
	const stop = { transactionId: a.transactionId, meterStop: 1000, timestamp: now(), reason: 'DeAuthorized' };
	await client.call('StopTransaction', stop);
	await client.call('StopTransaction', stop);
	const t = await transaction(a.transactionId);
	assert.equal(t.state, 'ended');
	assert.equal(t.stopped_reason, 'DeAuthorized');
	assert.equal(t.complete, true);
	assert.equal(t.events, 3, 'Started, one state, Ended');
	await status(2, 'Available');
});

test('numbers and transactions outlive depotd', async () => {
	await client.close({ force: true });
	await depotd.stop();
	await depotd.start();
	client = connect();
	await client.connect();
	const again = await values(1, tx, 2000, 7100);
	assert.deepEqual(again, {});
	const t = await until('the reading', async () => {
		const v = await transaction(tx);
		return v.energy_wh === 1000 && v;
	});
	assert.equal(t.state, 'open');
	const other = await start(2, { idTag: 'AABBCCDD' });
	assert.ok(other.transactionId > tx, 'unique for ever');
	await client.call('StopTransaction', { transactionId: other.transactionId, meterStop: 1010, timestamp: now() });
});

test('it stops: energy, reason, register and readings of the whole transaction', async () => {
	const r = await client.call('StopTransaction', {
		transactionId: tx, idTag: 'AABBCCDD', meterStop: 2500, timestamp: now(), reason: 'EVDisconnected',
		transactionData: [{ timestamp: now(), sampledValue: [{ value: '2400', context: 'Sample.Periodic' }] }],
	});
	assert.equal(r.idTagInfo.status, 'Accepted');
	const t = await transaction(tx);
	assert.equal(t.energy_wh, 1500);
	assert.equal(t.complete, true);
	assert.equal(t.stopped_reason, 'EVDisconnected');
	await status(1, 'Finishing');
	await status(1, 'Available');
	assert.equal((await evse(1)).state, 'free');
});

test('transactions that began offline, or before us, find their place', async () => {
	const a = await start(1, { timestamp: now(-60000), meterStart: 5000 });
	await values(1, -1, 5200, 3000, now(-30000));
	await client.call('StopTransaction', { transactionId: -1, meterStop: 5300, timestamp: now(-1000) });
	const t = await transaction(a.transactionId);
	assert.equal(t.energy_wh, 300);
	assert.equal(t.state, 'ended');
	await values(2, 4711, 9000, 5000); // of another central system
	assert.equal((await evse(2)).state !== 'free', true);
	await client.call('StopTransaction', { transactionId: 4711, meterStop: 9400, timestamp: now(), reason: 'Local' });
	const foreign = await transaction(4711);
	assert.equal(foreign.state, 'ended');
	assert.match(foreign.missing, /start/);
	await client.call('StopTransaction', { transactionId: 0, meterStop: 1, timestamp: '2001-01-01T00:00:00Z' });
});

test('a remote start is the transaction that follows with its tag', async () => {
	const r = await command('RequestStartTransaction',
		{ idToken: { idToken: 'AABBCCDD', type: 'ISO14443' }, evseId: 1 });
	assert.equal(r.status, 200, r.text);
	assert.equal(last('RemoteStartTransaction').connectorId, 1);
	assert.equal(last('RemoteStartTransaction').idTag, 'AABBCCDD');
	const { transactionId } = await start(1);
	const done = await until('the command to end', async () => {
		const k = (await depotd.api('GET', `/commands/${r.json.id}`)).json;
		return k.state === 'done' && k;
	});
	assert.ok(done.request_id > 0);
	const stop = await command('RequestStopTransaction', { transactionId: `${transactionId}` });
	assert.equal(stop.status, 200, stop.text);
	assert.equal(last('RemoteStopTransaction').transactionId, transactionId);
	await client.call('StopTransaction', { transactionId, meterStop: 1100, timestamp: now(), reason: 'Remote' });
	await until('the stop to end', async () =>
		(await depotd.api('GET', `/commands/${stop.json.id}`)).json.state === 'done');
});

test('configuration keys are variables', async () => {
	const get = await command('GetVariables', { getVariableData: [
		{ component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' } },
		{ component: { name: 'SmartChargingCtrlr' }, variable: { name: 'RateUnit' } },
		{ component: { name: 'OCPP16' }, variable: { name: 'VendorThing' } },
		{ component: { name: 'OCPP16' }, variable: { name: 'Nonsense' } },
		{ component: { name: 'Connector' }, variable: { name: 'AvailabilityState' } },
	] });
	assert.equal(get.status, 200, get.text);
	assert.deepEqual(get.json.response.getVariableResult.map((v) => [v.attributeStatus, v.attributeValue]), [
		['Accepted', '300'], ['Accepted', 'A,W'], ['Accepted', 'abc'], ['UnknownVariable', undefined],
		['UnknownVariable', undefined],
	]);
	assert.deepEqual(last('GetConfiguration').key,
		['HeartbeatInterval', 'ChargingScheduleAllowedChargingRateUnit', 'VendorThing', 'Nonsense']);
	const variable = (component, name, attributeValue, more = {}) =>
		({ component: { name: component }, variable: { name, ...more }, attributeValue });
	const set = await command('SetVariables', { setVariableData: [
		variable('OCPPCommCtrlr', 'HeartbeatInterval', '120'),
		variable('SampledDataCtrlr', 'TxUpdatedInterval', '30'),
		variable('OCPP16', 'NumberOfConnectors', '9'),
		variable('OCPP16', 'Nonsense', '9'),
	] });
	assert.equal(set.status, 200, set.text);
	assert.deepEqual(set.json.response.setVariableResult.map((v) => v.attributeStatus),
		['Accepted', 'RebootRequired', 'Rejected', 'UnknownVariable']);
	assert.equal(config.HeartbeatInterval[0], '120');
});

test('the inventory is made of the configuration', async () => {
	const r = await command('GetBaseReport', { reportBase: 'FullInventory' });
	assert.equal(r.json.response.status, 'Accepted', r.text);
	const text = await until('the report', async () => {
		const found = await journal();
		return /ReportPart/.test(found) && found;
	});
	assert.match(text, /TxUpdatedInterval/);
	assert.match(text, /NumberOfConnectors/);
	await until('the report to end', async () =>
		(await depotd.api('GET', `/commands/${r.json.id}`)).json.state === 'done');
});

test('a password goes out as hexadecimal digits, to no log, and works from then on', async () => {
	const value = 'sixteen_letters_+';
	const r = await command('SetVariables', { setVariableData: [
		{ component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' }, attributeValue: value }] });
	assert.equal(r.status, 200, r.text);
	const hex = Buffer.from(value).toString('hex');
	assert.equal(last('ChangeConfiguration').value, hex);
	const wire = (await depotd.api('GET', '/wire?station=CP-1&limit=100')).text;
	assert.doesNotMatch(wire, new RegExp(hex));
	assert.doesNotMatch(wire, /sixteen_letters/);
	await client.close({ force: true });
	client = connect({ password: value });
	await client.connect();
	const long = await command('SetVariables', { setVariableData: [
		{ component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' }, attributeValue: 'x'.repeat(30) }] });
	assert.equal(long.status >= 400, true, long.text);
	assert.match(long.text, /1\.6 has passwords of 16 to 20 bytes/);
});

test('rule 23: an AuthorizationKey that the station tells stands in no record and no answer', async () => {
	const secret = 'c0ffee-told-by-mistake';
	config.AuthorizationKey = [secret, false];
	try {
		const one = await command('GetVariables', { getVariableData: [
			{ component: { name: 'OCPP16' }, variable: { name: 'AuthorizationKey' } }, { component: { name: 'OCPP16' }, variable: { name: 'VendorThing' } }] });
		const all = await command('GetBaseReport', { reportBase: 'FullInventory' });
		await until('the report', async () => (await depotd.api('GET', `/commands/${all.json.id}`)).json.state === 'done');
		const wire = await until('the answer in the log', async () => {
			const { text } = await depotd.api('GET', '/wire/export?station=CP-1');
			return /VendorThing.*AuthorizationKey|AuthorizationKey.*VendorThing/.test(text) && text;
		});
		const shown = (await depotd.api('GET', '/stations/CP-1/variables?limit=10000')).text;
		for (const [where, text] of Object.entries({ one: one.text, wire, shown, journal: await journal(), log: depotd.logged(),
			commands: (await depotd.api('GET', '/commands?station=CP-1')).text })) assert.doesNotMatch(text, new RegExp(secret), where);
		assert.match(wire, /VendorThing/, 'names and values of the others stay');
		const files = readdirSync(depotd.data).filter((f) => /\.db(-wal)?$/.test(f));
		for (const f of files) assert.equal(readFileSync(join(depotd.data, f)).includes(secret), false, f);
	} finally {
		delete config.AuthorizationKey;
	}
});

test('what 1.6 has no words for is refused before anything is sent', async () => {
	seen = [];
	for (const [action, payload, says] of [
		['GetTransactionStatus', {}, /OCPP 1\.6 has no GetTransactionStatus/],
		['Reset', { type: 'OnIdle', evseId: 1 }, /no Reset of a single EVSE/],
		['SetMonitoringLevel', { severity: 3 }, /OCPP 1\.6 has no SetMonitoringLevel/],
		['TriggerMessage', { requestedMessage: 'SignV2GCertificate' }, /no trigger of SignV2GCertificate/],
		['RequestStopTransaction', { transactionId: 'abc' }, /none of them/],
		['RequestStartTransaction', { idToken: { idToken: 'x'.repeat(21), type: 'Central' } }, /more than 20/],
	]) {
		const r = await command(action, payload);
		assert.ok(r.status >= 400 && r.status < 500, `${action}: ${r.status} ${r.text}`);
		assert.match(r.text, says);
		const tried = await depotd.api('POST', '/stations/CP-1/commands/try', { action, payload });
		assert.deepEqual([tried.status, says.test(tried.text)], [r.status, true], `${action}, only tried: ${tried.text}`);
	}
	assert.deepEqual(seen.filter((k) => k.method !== 'SetChargingProfile'), []);
});

test('the usual commands', async () => {
	const ok = async (action, payload) => {
		const r = await command(action, payload);
		assert.equal(r.status, 200, `${action}: ${r.text}`);
		return r.json;
	};
	assert.equal((await ok('ChangeAvailability', { operationalStatus: 'Inoperative', evse: { id: 2 } })).response.status, 'Accepted');
	assert.deepEqual(last('ChangeAvailability'), { connectorId: 2, type: 'Inoperative' });
	await status(2, 'Unavailable');
	await ok('ChangeAvailability', { operationalStatus: 'Operative', evse: { id: 2 } });
	await status(2, 'Available');
	await ok('UnlockConnector', { evseId: 1, connectorId: 1 });
	answers.UnlockConnector = () => ({ status: 'NotSupported' });
	const unlock = await ok('UnlockConnector', { evseId: 1, connectorId: 1 });
	assert.equal(unlock.response.status, 'UnlockFailed');
	assert.equal(unlock.response.statusInfo.reasonCode, 'NotSupported');
	await ok('ClearCache', {});
	await ok('TriggerMessage', { requestedMessage: 'Heartbeat' });
	assert.deepEqual(last('TriggerMessage'), { requestedMessage: 'Heartbeat' });
	await client.call('Heartbeat', {});
	assert.equal((await ok('GetLocalListVersion', {})).response.versionNumber, 0);
	await ok('SendLocalList', { versionNumber: 1, updateType: 'Full', localAuthorizationList: [
		{ idToken: { idToken: 'AABBCCDD', type: 'ISO14443' }, idTokenInfo: { status: 'Accepted' } },
		{ idToken: { idToken: 'a-token-that-is-longer-than-1.6', type: 'Central' }, idTokenInfo: { status: 'Accepted' } },
	] });
	assert.deepEqual(last('SendLocalList').localAuthorizationList.map((e) => e.idTag), ['AABBCCDD']);
	const reservation = await ok('ReserveNow', { id: 5, expiryDateTime: now(600000), evseId: 1,
		idToken: { idToken: 'AABBCCDD', type: 'ISO14443' } });
	assert.equal(reservation.response.status, 'Accepted');
	assert.equal(last('ReserveNow').connectorId, 1);
	await ok('CancelReservation', { reservationId: 5 });
	const composite = await ok('GetCompositeSchedule', { duration: 600, evseId: 1 });
	assert.equal(composite.response.schedule.chargingSchedulePeriod[0].limit, 4140);
	assert.equal(composite.response.schedule.evseId, 1);
	const data = await ok('DataTransfer', { vendorId: 'v', data: { ping: 1 } });
	assert.equal(last('DataTransfer').data, '{"ping":1}');
	assert.equal(data.response.data, 'pong');
});

test('logs: GetLog where the security extension is there, GetDiagnostics where not', async () => {
	const r = await command('GetLog', { logType: 'DiagnosticsLog', requestId: 31,
		log: { remoteLocation: 'https://localhost/up', oldestTimestamp: '2026-01-01T00:00:00Z' } });
	assert.equal(r.status, 200, r.text);
	assert.equal(r.json.response.status, 'Accepted');
	assert.equal(r.json.response.filename, 'diag.zip');
	assert.equal(last('GetLog').requestId, 31, 'tried first');
	assert.equal(last('GetDiagnostics').startTime, '2026-01-01T00:00:00Z');
	await client.call('DiagnosticsStatusNotification', { status: 'Uploading' });
	await client.call('DiagnosticsStatusNotification', { status: 'Uploaded' });
	await until('the log to end, by the number that 1.6 does not send', async () =>
		(await depotd.api('GET', `/commands/${r.json.id}`)).json.state === 'done');
	const security = await command('GetLog', { logType: 'SecurityLog', requestId: 32, log: { remoteLocation: 'https://localhost/up' } });
	assert.ok(security.status >= 400, security.text);
	assert.match(security.text, /no security extension/);
});

test('the security extension', async () => {
	await boot(client); // new firmware may have it
	station.ExtendedTriggerMessage = () => ({ status: 'Accepted' });
	station.GetInstalledCertificateIds = ({ certificateType }) => certificateType === 'CentralSystemRootCertificate'
		? { status: 'Accepted', certificateHashData: [{ hashAlgorithm: 'SHA256', issuerNameHash: 'a', issuerKeyHash: 'b', serialNumber: '1' }] }
		: { status: 'NotFound' };
	station.GetLog = () => ({ status: 'Accepted', filename: 'sec.log' });
	station.SignedUpdateFirmware = () => ({ status: 'Accepted' });
	await until('the boot to be in force', async () =>
		(await command('TriggerMessage', { requestedMessage: 'SignChargingStationCertificate' })).status === 200);
	assert.equal(last('ExtendedTriggerMessage').requestedMessage, 'SignChargePointCertificate');
	const ids = await command('GetInstalledCertificateIds', {});
	assert.equal(ids.status, 200, ids.text);
	assert.equal(ids.json.response.certificateHashDataChain[0].certificateType, 'CSMSRootCertificate');
	assert.deepEqual(await client.call('SecurityEventNotification',
		{ type: 'TamperDetectionActivated', timestamp: now(), techInfo: 'lid' }), {});
	assert.ok(['Accepted', 'Rejected'].includes((await client.call('SignCertificate', { csr: 'none' })).status));
	const log = await command('GetLog', { logType: 'SecurityLog', requestId: 33, log: { remoteLocation: 'https://localhost/up' } });
	assert.equal(log.status, 200, log.text);
	await client.call('LogStatusNotification', { status: 'Uploaded', requestId: 33 });
	await client.call('SignedFirmwareStatusNotification', { status: 'Downloading', requestId: 1 });
	await client.call('FirmwareStatusNotification', { status: 'Idle' });
	const { root, signed } = signedBy('Maker of 1.6');
	const firmware = { location: 'https://localhost/fw', retrieveDateTime: now(), ...signed };
	assert.equal((await command('UpdateFirmware', { requestId: 40, firmware })).status, 422, 'of a maker whom nobody knows');
	assert.equal((await depotd.api('PUT', '/manufacturer-roots/maker', { certificate: root })).status, 200);
	const update = await command('UpdateFirmware', { requestId: 41, firmware });
	assert.equal(update.status, 200, update.text);
	assert.equal(update.json.response.status, 'Accepted');
	assert.equal(last('SignedUpdateFirmware').requestId, 41);
	await client.call('SignedFirmwareStatusNotification', { status: 'Downloading', requestId: 41 });
	await client.call('SignedFirmwareStatusNotification', { status: 'Installed', requestId: 41 });
	await until('the update to end', async () =>
		(await depotd.api('GET', `/commands/${update.json.id}`)).json.state === 'done');
});

test('faults are problems of the connector; unknown things are answered as such', async () => {
	await status(1, 'Faulted', { errorCode: 'GroundFailure', vendorErrorCode: 'E7', info: '31 mA' });
	assert.equal((await evse(1)).state, 'faulted');
	await status(1, 'Available');
	assert.match(await journal(), /GroundFailure: 31 mA/);
	const open = async () => (await depotd.api('GET', '/stations/CP-1/alerts')).json.alerts.length;
	assert.equal(await open(), 0);
	// what was open when depotd ended is over with the first word that nothing is wrong
	await status(1, 'Faulted', { errorCode: 'GroundFailure' });
	assert.equal(await open(), 1);
	await client.close({ force: true });
	await depotd.stop();
	await depotd.start();
	client = connect({ password: 'sixteen_letters_+' });
	await client.connect();
	assert.equal(await open(), 1);
	await status(1, 'Available');
	await until('the alert to end', async () => (await open()) === 0);
	assert.equal((await client.call('DataTransfer', { vendorId: 'nobody.knows', data: 'x' })).status, 'UnknownVendorId');
	const raw = connect({ strictMode: false, identity: 'CP-1', password: 'sixteen_letters_+' });
	await raw.connect();
	client = raw;
	await assert.rejects(raw.call('TransactionEvent', {}), (e) => /NotImplemented/.test(e.rpcErrorCode ?? e.name));
	await assert.rejects(raw.call('Reset', { type: 'Soft' }), (e) => /NotSupported/.test(e.rpcErrorCode ?? e.name));
	await assert.rejects(raw.call('StatusNotification', { connectorId: 'x' }),
		(e) => /Type|Format|Occur|Property/.test(e.rpcErrorCode ?? e.name));
});

test('the store is what its journal says', async () => {
	await client.close({ force: true }).catch(() => {});
	await depotd.stop();
	const r = spawnSync(join(process.env.CTL ?? BUILD, 'depotctl'), ['rebuild', '--check', '--data', depotd.data], { encoding: 'utf8' });
	assert.equal(r.status, 0, r.stdout + r.stderr);
});
