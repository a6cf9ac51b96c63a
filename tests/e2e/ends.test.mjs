// Small ends of the OCPP side: what a restart of depotd must not change, what is refused before it is
// sent, and what lists of stations and the wire log answer.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, Depotd, until } from './harness.mjs';
import { PASSWORD, Station, booted, register } from './peer.mjs';

let depotd;
const now = () => new Date().toISOString();
const get = async (path) => (await depotd.api('GET', path)).json;
const ask = (id, action, payload, more = {}) =>
	depotd.api('POST', `/stations/${id}/commands`, { action, payload, ...more });
const state = (id, wanted) =>
	until(`${id} to be ${wanted}`, async () => {
		const c = await get(`/commands/${id}`);
		return c.state === wanted && c;
	});
const ctl = (...args) => {
	const r = spawnSync(join(BUILD, 'depotctl'), ['--socket', join(depotd.data, 'depotd.sock'), ...args], { encoding: 'utf8' });
	return { ...r, both: r.stdout + r.stderr };
};
/** What a station says of a variable, for a NotifyReport. */
const entry = (component, name, value, { instance, evse, valuesList, dataType = 'string' } = {}) => ({
	component: { name: component, ...(evse && { evse }) }, variable: { name, ...(instance && { instance }) },
	variableAttribute: [{ value: `${value}` }],
	variableCharacteristics: { dataType, supportsMonitoring: false, ...(valuesList && { valuesList }) },
});
/** Answers a GetBaseReport with these entries. */
const inventory = (entries) => (p, m, s) => {
	setTimeout(() => s().call('NotifyReport', { requestId: p.requestId, generatedAt: now(), seqNo: 0, tbc: false, reportData: entries }), 0);
	return { status: 'Accepted' };
};
/** A booted station whose inventory depotd has. */
async function known(id, entries, options = {}) {
	let s;
	const report = inventory(entries);
	await register(depotd, id, options.registration);
	s = await new Station(depotd, id, { ...options, handlers: { GetBaseReport: (p, m) => report(p, m, () => s), ...options.handlers } }).connect();
	await s.boot();
	await until(`the inventory of ${id}`, async () => (await get(`/stations/${id}/variables`)).inventory === 'complete');
	return s;
}

before(async () => {
	depotd = await new Depotd({ config: 'device: {inventory_delay_s: 0}\n' }).start();
});
after(() => depotd?.clean());

test('rule 20: a report that was asked for in parts ends with the last of all parts, over a restart too; who asks says how long', async () => {
	const wants = { componentVariable: [1, 2, 3, 4, 5].map((n) => ({ component: { name: 'X' }, variable: { name: `V${n}` } })) };
	let s = await known('E-CUT', [entry('DeviceDataCtrlr', 'ItemsPerMessage', 2, { instance: 'GetReport', dataType: 'integer' })],
		{ handlers: { GetReport: () => ({ status: 'Accepted' }) } });
	const long = (await ask('E-CUT', 'GetReport', wants)).json, short = (await ask('E-CUT', 'GetReport', wants, { effect_s: 2 })).json;
	const numbers = s.calls.filter((c) => c[2] === 'GetReport').map((c) => c[3].requestId);
	assert.equal(new Set(numbers).size, 6, `each part has a number of its own: ${numbers}`);
	const last = (requestId) => s.call('NotifyReport', { requestId, generatedAt: now(), seqNo: 0, tbc: false });
	await last(numbers[1]);
	await depotd.stop('SIGKILL');
	await depotd.start();
	s = await new Station(depotd, 'E-CUT').connect();
	await last(numbers[0]);
	assert.equal((await get(`/commands/${long.id}`)).state, 'running', 'two of three');
	await state(short.id, 'unknown');
	await last(numbers[2]);
	await state(long.id, 'done');
	await s.close();
});

test('a station that a list names twice, in whatever case, is asked once', async () => {
	const s = await known('J1', [entry('OCPPCommCtrlr', 'HeartbeatInterval', 300)], { handlers: {
		SetVariables: ({ setVariableData }) => ({ setVariableResult: setVariableData.map(({ component, variable }) =>
			({ component, variable, attributeStatus: 'Accepted' })) }) } });
	const stations = ['J1', 'j1', 'NOBODY', 'nobody', 'J1'];
	const r = await depotd.api('POST', '/variables', { component: 'OCPPCommCtrlr', variable: 'HeartbeatInterval', value: '600', stations });
	assert.equal(r.json.stations, 2, r.text);
	assert.deepEqual(r.json.results.map((x) => [x.station, x.state]), [['J1', 'waiting'], ['NOBODY', 'refused']]);
	await until('its end', async () => (await get(`/jobs/${r.json.id}`)).open === 0);
	assert.equal(s.calls.filter((c) => c[2] === 'SetVariables' && c[3].setVariableData[0].attributeValue === '600').length, 1);
	const cache = await depotd.api('POST', '/authorization-cache/clear', { stations });
	assert.deepEqual(cache.json.results.map((x) => [x.station, x.state]), [['J1', 'done'], ['NOBODY', 'refused']]);
	await s.close();
});

test('the wire log finds what broke the schema and every CALLERROR by faulty, and words of either by error', async () => {
	const s = await booted(depotd, 'E-WIRE', { handlers: { Reset: (_, m) => [4, m[1], 'InternalError', 'its own words', {}] } });
	await s.ask('Authorize', {}, 'bad-1');
	s.text(' [ 4 , "none" , "GenericError" , "" , {} ]\n');
	await s.call('Heartbeat', {});
	await ask('E-WIRE', 'Reset', { type: 'OnIdle' }, { wait: 'end' });
	const frames = async (q, ...more) => (await get(`/wire?station=E-WIRE&${q}`)).frames;
	const short = (f) => `${f.direction} ${f.text.match(/[234]/)[0]} ${f.message_id}`;
	const found = (await until('all of it', async () => {
		const f = await frames('faulty=1');
		return f.some((x) => x.text.includes('own words')) && f;
	})).map(short);
	assert.ok(found.includes('out 4 bad-1') && found.includes('in 4 none'), `${found}`);
	assert.ok(found.every((f) => !f.startsWith('in 2') && !f.startsWith('out 2')), 'nothing that was right');
	assert.deepEqual((await frames('error=own%20words')).map((f) => f.direction), ['in']);
	assert.deepEqual((await frames('error=GenericError')).map((f) => f.message_id), ['none']);
	assert.deepEqual((await get('/wire?pairs=1&faulty=1&action=Reset&station=E-WIRE')).pairs.length, 1);
	const told = ctl('wire', '--station', 'E-WIRE', '--faulty');
	assert.equal(told.stdout.trim().split('\n').filter((l) => /\[ ?4/.test(l)).length, 3, told.both);
	assert.equal((await depotd.api('GET', '/wire?faulty=yes')).status, 400);
	await s.close();
});

test('decimals: a limit has one digit behind the point, anything else six; more is refused with the reason', async () => {
	const s = await booted(depotd, 'E-FINE', { registration: { control: 'manual' } });
	const set = (limit, more = {}) => ask('E-FINE', 'SetChargingProfile', { evseId: 1, chargingProfile: { id: 900, stackLevel: 1,
		chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Absolute',
		chargingSchedule: [{ id: 1, chargingRateUnit: 'A', startSchedule: now(), chargingSchedulePeriod: [{ startPeriod: 0, limit }], ...more }] } });
	for (const r of [await set(1.12), await set(16, { minChargingRate: 1.25 })]) {
		assert.notEqual(r.status, 200, r.text);
		assert.match(r.text, /one digit behind the point/);
	}
	const monitor = (value) => ask('E-FINE', 'SetVariableMonitoring', { setMonitoringData: [{ value, type: 'UpperThreshold', severity: 4,
		component: { name: 'Board 1.12345678' }, variable: { name: 'Temperature' } }] });
	for (const bad of [1.12345678, 1e-7]) {
		const r = await monitor(bad);
		assert.equal(r.status, 409, r.text);
		assert.match(r.text, /1\.12345678 has too many places|1e-7 has too many places/);
	}
	const raw = await depotd.api('POST', '/stations/E-FINE/calls', { action: 'CostUpdated', payload: { transactionId: 't', totalCost: 0.1234567 } });
	assert.match(raw.text, /too many places/);
	assert.equal(s.calls.filter((c) => /SetChargingProfile|SetVariableMonitoring|CostUpdated/.test(c[2])).length, 0, 'nothing went out');
	assert.equal((await set(16.3)).json.state, 'done');
	await monitor(1.123456);
	assert.equal(s.calls.filter((c) => c[2] === 'SetVariableMonitoring')[0][3].setMonitoringData[0].value, 1.123456);
	await s.close();
});

test('what is asked of an EVSE or connector that the station does not have is refused before it is sent', async () => {
	const s = await booted(depotd, 'E-NONE', { registration: { evses: 2 } });
	const requests = [
		['UnlockConnector', { evseId: 9, connectorId: 1 }], ['UnlockConnector', { evseId: 1, connectorId: 9 }],
		['TriggerMessage', { requestedMessage: 'MeterValues', evse: { id: 9 } }],
		['TriggerMessage', { requestedMessage: 'StatusNotification', evse: { id: 2, connectorId: 9 } }],
		['ChangeAvailability', { operationalStatus: 'Inoperative', evse: { id: 9 } }],
	];
	for (const [action, payload] of requests) {
		const r = await ask('E-NONE', action, payload);
		assert.equal(r.status, 400, `${action}: ${r.text}`);
		assert.match(r.text, /E-NONE has no EVSE 9, but: 1, 2|EVSE \d has connectors 1 to 1/);
	}
	assert.equal(s.calls.filter((c) => requests.some(([action]) => action === c[2])).length, 0);
	await ask('E-NONE', 'UnlockConnector', { evseId: 2, connectorId: 1 });
	assert.equal(s.calls.filter((c) => c[2] === 'UnlockConnector').length, 1);
	await s.close();
});

test('rule 24: a network profile goes into a slot that the station has, as far as it said which, over a restart too', async () => {
	const order = entry('OCPPCommCtrlr', 'NetworkConfigurationPriority', '1,0', { dataType: 'SequenceList', valuesList: '0,1,2' });
	let s = await known('E-SLOT', [order]);
	const set = (configurationSlot) => ask('E-SLOT', 'SetNetworkProfile', { configurationSlot, connectionData: { ocppVersion: 'OCPP20',
		ocppTransport: 'JSON', ocppCsmsUrl: 'ws://csms.example:9000/ocpp', messageTimeout: 30, securityProfile: 1, ocppInterface: 'Wired0' } });
	const refused = async () => {
		const r = await set(5);
		assert.equal(r.status, 400, r.text);
		assert.match(r.text, /E-SLOT has the slots 0, 1, 2/);
	};
	await refused();
	const job = await depotd.api('POST', '/stations/E-SLOT/network-profile', { slot: 5, url: 'ws://csms.example:9000/ocpp', security_profile: 1 });
	assert.equal(job.status, 400, job.text);
	assert.equal(job.json.path, 'slot');
	assert.equal((await set(2)).json.state, 'done');
	await s.close();
	await depotd.stop();
	await depotd.start();
	s = await new Station(depotd, 'E-SLOT').connect();
	await refused();
	await s.close();
	const dumb = await booted(depotd, 'E-SLOTS');
	assert.equal((await ask('E-SLOTS', 'SetNetworkProfile', { configurationSlot: 5, connectionData: { ocppVersion: 'OCPP20', ocppTransport: 'JSON',
		ocppCsmsUrl: 'ws://csms.example:9000/ocpp', messageTimeout: 30, securityProfile: 1, ocppInterface: 'Wired0' } })).json.state, 'done');
	await dumb.close();
});

test('the register of an EVSE is shown from the start: of its last reading, in a transaction or outside', async () => {
	const register = async (evse) => (await get('/stations/E-METER')).evses[evse - 1];
	let s = await booted(depotd, 'E-METER', { registration: { evses: 2 } });
	const value = (wh) => [{ timestamp: now(), sampledValue: [{ value: wh, measurand: 'Energy.Active.Import.Register' }] }];
	await s.call('MeterValues', { evseId: 1, meterValue: value(123456) });
	await s.call('TransactionEvent', { eventType: 'Started', timestamp: now(), triggerReason: 'CablePluggedIn', seqNo: 0, evse: { id: 2, connectorId: 1 },
		transactionInfo: { transactionId: 'e-meter' }, meterValue: value(7777) });
	assert.equal((await register(1)).import_wh, 123456);
	const before = [await register(1), await register(2)];
	await depotd.stop();
	await depotd.start();
	assert.deepEqual([await register(1), await register(2)].map((e) => [e.import_wh, e.import_at]), before.map((e) => [e.import_wh, e.import_at]));
	s = await new Station(depotd, 'E-METER').connect();
	await s.call('MeterValues', { evseId: 1, meterValue: value(123460) });
	assert.equal((await register(1)).import_wh, 123460);
	await s.close();
});

test('E14: a transaction that was given up as lost goes on when its station tells of it again, over restarts too', async () => {
	const handlers = { GetTransactionStatus: () => ({ ongoingIndicator: false, messagesInQueue: false }) };
	let s = await booted(depotd, 'E-LOST', { handlers });
	const tell = (eventType, seqNo, w) => s.call('TransactionEvent', { eventType, seqNo, timestamp: now(), triggerReason: 'MeterValuePeriodic',
		evse: { id: 1, connectorId: 1 }, transactionInfo: { transactionId: 'e-lost', chargingState: 'Charging', ...(eventType === 'Ended' && { stoppedReason: 'Local' }) },
		...(seqNo === 0 && { idToken: { idToken: 'AABBCCDD', type: 'ISO14443' } }),
		meterValue: [{ timestamp: now(), sampledValue: [{ value: w, measurand: 'Power.Active.Import' }] }] });
	const shown = async () => {
		const [e] = (await get('/stations/E-LOST')).evses;
		const t = (await get('/transactions/E-LOST/e-lost')).transaction;
		return { live: e.transaction, vehicle: e.vehicle, w: e.power_w, state: t.state, reason: t.stopped_reason, ended: t.ended_at };
	};
	const lose = async () => {
		assert.equal((await ask('E-LOST', 'GetTransactionStatus', { transactionId: 'e-lost' })).json.state, 'done');
		const is = await shown();
		assert.deepEqual([is.live, is.vehicle, is.state, is.reason], [undefined, undefined, 'ended', 'MessageLost']);
	};
	const goesOn = (w) => async () => assert.deepEqual(await shown(),
		{ live: 'e-lost', vehicle: 'VAN-1', w, state: 'open', reason: undefined, ended: undefined });
	const again = async () => {
		await s.close();
		await depotd.stop();
		await depotd.start();
		s = await new Station(depotd, 'E-LOST', { handlers }).connect();
	};
	await tell('Started', 0, 7000);
	await tell('Updated', 5, 7000);
	await lose();
	await tell('Updated', 3, 6900); // of before, and late
	assert.equal((await shown()).state, 'ended');
	await tell('Updated', 6, 7100);
	await goesOn(7100)();
	await again();
	await goesOn(7100)();
	await lose();
	await again();
	await tell('Updated', 7, 7200);
	assert.equal((await shown()).live, 'e-lost');
	assert.equal((await shown()).state, 'open');
	await again();
	await goesOn(7200)();
	await lose();
	await tell('Ended', 8, 0);
	const is = await shown();
	assert.deepEqual([is.live, is.state, is.reason], [undefined, 'ended', 'Local']);
	await s.close();
	await depotd.stop();
	assert.equal(spawnSync(join(BUILD, 'depotctl'), ['rebuild', '--check', '--data', depotd.data]).status, 0);
	await depotd.start();
});

test('rule 18: what a pending station was invited to send it may not once it was rejected', async () => {
	const refused = async (s, action, payload) => assert.equal((await s.ask(action, payload))[0], 4, action);
	let s = await booted(depotd, 'E-INVITE', { registration: { policy: 'pending' } });
	const status = { timestamp: now(), connectorStatus: 'Available', evseId: 1, connectorId: 1 };
	await ask('E-INVITE', 'TriggerMessage', { requestedMessage: 'StatusNotification', evse: { id: 1, connectorId: 1 } });
	await depotd.api('PUT', '/stations/E-INVITE', { policy: 'rejected' });
	await s.closed;
	s = await new Station(depotd, 'E-INVITE', { handlers: s.handlers }).connect();
	await refused(s, 'StatusNotification', status);
	await s.boot();
	await refused(s, 'StatusNotification', status);
	await depotd.api('PUT', '/stations/E-INVITE', { policy: 'pending' });
	await s.boot();
	await refused(s, 'StatusNotification', status);
	await ask('E-INVITE', 'TriggerMessage', { requestedMessage: 'MeterValues', evse: { id: 1 } });
	await depotd.api('PUT', '/stations/E-INVITE', { policy: 'rejected' });
	await s.closed;
	s = await new Station(depotd, 'E-INVITE', { handlers: s.handlers }).connect();
	await depotd.api('PUT', '/stations/E-INVITE', { policy: 'pending' });
	await s.boot();
	await refused(s, 'MeterValues', { evseId: 1, meterValue: [{ timestamp: now(), sampledValue: [{ value: 1 }] }] });
	await refused(s, 'NotifyReport', { requestId: 7, generatedAt: now(), seqNo: 0, tbc: false });
	await s.close();
});

test('what a station tells of a customer is for administrators, in journal and wire log too', async () => {
	const s = await booted(depotd, 'E-PRIV', { handlers: { CustomerInformation: () => ({ status: 'Accepted' }) } });
	const r = await ask('E-PRIV', 'CustomerInformation', { report: true, clear: false, customerIdentifier: 'jane' }, { wait: 'answer' });
	assert.equal(r.status, 200, r.text);
	await s.call('NotifyCustomerInformation', { requestId: r.json.request_id, seqNo: 0, data: 'PRIVATE-OF-JANE', generatedAt: now() });
	await state(r.json.id, 'done');
	const journal = '/journal?stream=station/E-PRIV&limit=500';
	await until('the record', async () => JSON.stringify(await get(journal)).includes('PRIVATE-OF-JANE')); // an administrator
	const { token } = (await depotd.api('POST', '/api-tokens', { name: 'watch', role: 'viewer' })).json;
	const seen = await depotd.https('GET', journal, undefined, { authorization: `Bearer ${token}` });
	assert.equal(seen.status, 200, seen.text);
	assert.ok(seen.text.includes('for administrators') && !seen.text.includes('PRIVATE-OF-JANE'));
	await until('the frame', async () => (await depotd.api('GET', '/wire?station=E-PRIV')).text.includes('NotifyCustomerInformation'));
	assert.ok(!(await depotd.api('GET', '/wire?station=E-PRIV&pairs=1')).text.includes('PRIVATE-OF-JANE'));
	s.close();
});

test('what a station says cannot command the terminal of a person', async () => {
	const s = await known('E-TERM', [entry('Thing', 'Odd', 'a\u001b]0;pwn\u0007b\u009b31mc')]);
	const run = (words) => spawnSync('script', ['-qec', `${join(BUILD, 'depotctl')} --socket ${join(depotd.data, 'depotd.sock')} ${words}`, '/dev/null'], { encoding: 'utf8' });
	for (const words of ['variables E-TERM', 'wire --station E-TERM', 'station E-TERM']) {
		const r = run(words);
		assert.equal(r.status, 0, r.stdout);
		assert.doesNotMatch(r.stdout.replace(/\u001b\[[0-9;]*m/g, ''), /[\u001b\u0007\u009b]/, words);
	}
	s.close();
});

test('a station whose clock is ahead is asked about a transaction that nothing was heard of since', async () => {
	const d = await new Depotd({ config: 'limits: {doubt_s: 2}\n' }).start();
	try {
		let s = await booted(d, 'E-AHEAD');
		await s.call('TransactionEvent', { eventType: 'Started', timestamp: new Date(Date.now() + 7200e3).toISOString(),
			triggerReason: 'CablePluggedIn', seqNo: 0, transactionInfo: { transactionId: 'T', chargingState: 'Charging' }, evse: { id: 1, connectorId: 1 } });
		await s.close();
		let asked = 0;
		s = await new Station(d, 'E-AHEAD', { handlers: {
			GetTransactionStatus: () => (asked++, { messagesInQueue: false, ongoingIndicator: false }) } }).connect();
		await s.boot();
		await until('the question', () => asked === 1, 20000);
		await until('its end', async () => !(await d.api('GET', '/stations/E-AHEAD')).json.evses[0].transaction, 20000);
		s.close();
	} finally {
		await d.clean();
	}
});

test('1.6: Available ends what no StopTransaction ends: by a clock that is ahead, and after a kill', async () => {
	const d = await new Depotd({ config: 'limits: {doubt_s: 4}\n' }).start();
	const boot = async (s) => s.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' });
	const status = (s, word, more = {}) => s.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: word, ...more });
	const open = async (id) => (await d.api('GET', `/stations/${id}`)).json.evses[0].transaction;
	const isOver = (id, s) => until(`the end at ${id}`, async () => (await s.call('Heartbeat', {}), !(await open(id))), 30000);
	try {
		await register(d, 'E-AHEAD16');
		await register(d, 'E-KILL16');
		let s = await new Station(d, 'E-AHEAD16', { protocols: 'ocpp1.6' }).connect();
		let k = await new Station(d, 'E-KILL16', { protocols: 'ocpp1.6' }).connect();
		await boot(s);
		await boot(k);
		for (const [x, ms] of [[s, 7200e3], [k, 0]]) {
			await status(x, 'Preparing');
			await x.call('StartTransaction', { connectorId: 1, idTag: 'AABBCCDD', meterStart: 0, timestamp: new Date(Date.now() + ms).toISOString() });
			await status(x, 'Charging');
		}
		assert.ok(await open('E-AHEAD16') && await open('E-KILL16'));
		await status(s, 'Available'); // says no time
		await isOver('E-AHEAD16', s);
		await status(k, 'Available');
		await d.stop('SIGKILL');
		await d.start();
		assert.ok(await open('E-KILL16'));
		k = await new Station(d, 'E-KILL16', { protocols: 'ocpp1.6' }).connect();
		await boot(k);
		await isOver('E-KILL16', k); // no further word of its connector
		k.close();
	} finally {
		await d.clean();
	}
});

test('1.6: a recorded conversation plays again, and readings whose transaction cannot be read are answered', async () => {
	await register(depotd, 'E-OLD');
	const s = await new Station(depotd, 'E-OLD', { protocols: 'ocpp1.6' }).connect();
	await s.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' });
	const { transactionId } = await s.call('StartTransaction', { connectorId: 1, idTag: 'AABBCCDD', meterStart: 1000, timestamp: now() });
	for (const bad of ['12', 1.5, 2 ** 31])
		assert.deepEqual(await s.call('MeterValues', { connectorId: 1, transactionId: bad, meterValue: [{ timestamp: now(), sampledValue: [{ value: '1100' }] }] }), {});
	await s.call('StopTransaction', { transactionId, meterStop: 1200, timestamp: now() });
	await until('its frames', async () => (await depotd.api('GET', '/wire/export?station=E-OLD')).text.includes('StopTransaction'));
	await s.close();
	const file = join(depotd.dir, 'old.jsonl');
	writeFileSync(file, (await depotd.api('GET', '/wire/export?station=E-OLD')).text);
	const other = await new Depotd().start();
	try {
		await register(other, 'E-OLD');
		const r = await new Promise((ok) => {
			const c = spawn(join(BUILD, 'depotctl'), ['replay', file, '--station', 'E-OLD', '--to', `ws://127.0.0.1:${other.ports.profile1}/ocpp`,
				'--password', PASSWORD, '--as-fast']);
			let out = '';
			c.stdout.on('data', (x) => (out += x));
			c.stderr.on('data', (x) => (out += x));
			c.on('exit', () => ok(out));
		});
		assert.match(r, /messages in .* 0 not at all/);
		const seen = (await other.api('GET', '/transactions')).json.transactions;
		assert.ok(seen.some((t) => t.station === 'E-OLD' && t.state === 'ended'), JSON.stringify(seen));
	} finally {
		await other.clean();
	}
});

test('depotctl shows displays, customers and security events', async () => {
	const s = await booted(depotd, 'E-TOLD', { handlers: {
		CustomerInformation: () => ({ status: 'Accepted' }), GetDisplayMessages: () => ({ status: 'Accepted' }) } });
	await s.call('SecurityEventNotification', { type: 'FirmwareUpdated', timestamp: now(), techInfo: 'by hand' });
	const r = await ask('E-TOLD', 'CustomerInformation', { report: true, clear: false, customerIdentifier: 'jane' }, { wait: 'answer' });
	await s.call('NotifyCustomerInformation', { requestId: r.json.request_id, seqNo: 0, data: 'jane has a card', generatedAt: now() });
	await ask('E-TOLD', 'GetDisplayMessages', { requestId: 0 }, { wait: 'answer' });
	await s.call('NotifyDisplayMessages', { requestId: s.calls.find((c) => c[2] === 'GetDisplayMessages')[3].requestId, messageInfo: [
		{ id: 7, priority: 'AlwaysFront', message: { format: 'UTF8', content: 'Closed at night' } }] });
	await until('all of it', async () => (await get('/stations/E-TOLD/displays')).displays.length && (await get('/stations/E-TOLD/customer-reports')).reports.length);
	assert.match(ctl('displays', 'E-TOLD').stdout, /7 .*Closed at night/);
	assert.match(ctl('customer-reports', 'E-TOLD').stdout, /jane has a card/);
	assert.match(ctl('security-events', 'E-TOLD').stdout, /FirmwareUpdated .*by hand/);
	s.close();
});
