// Commands: what is asked of a station is followed to its true end, not to its "Accepted".
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { BUILD, Depotd, until } from './harness.mjs';
import { Station, booted } from './peer.mjs';
import { signedBy } from '../certification/pki.mjs';

let depotd;
const now = () => new Date().toISOString();

const ask = (id, action, payload, more = {}) =>
	depotd.api('POST', `/stations/${id}/commands`, { action, payload, ...more });
const look = async (id) => (await depotd.api('GET', `/commands/${id}`)).json;
const state = (id, wanted) =>
	until(`${id} to be ${wanted}`, async () => {
		const c = await look(id);
		return c.state === wanted && c;
	}, 8000);
const status = (s, connectorStatus, evseId = 1) =>
	s.call('StatusNotification', { timestamp: now(), connectorStatus, evseId, connectorId: 1 });

const maker = signedBy('Maker of commands');

before(async () => {
	depotd = await new Depotd().start();
	assert.equal((await depotd.api('PUT', '/manufacturer-roots/maker', { certificate: maker.root, why: 'a try' })).status, 200);
});
after(() => depotd?.clean());

test('rule 25: a Reset is over when the station has booted again', async () => {
	const s = await booted(depotd, 'C-RESET', { handlers: { Reset: () => ({ status: 'Scheduled' }) } });
	const r = await ask('C-RESET', 'Reset', { type: 'OnIdle' }, { why: 'it hangs' });
	assert.equal(r.status, 200, r.text);
	assert.equal(r.json.state, 'running');
	assert.equal(r.json.status, 'Scheduled');
	assert.match(r.json.note, /waits for/);
	await s.close();
	const again = await new Station(depotd, 'C-RESET').connect();
	assert.equal((await look(r.json.id)).state, 'running', 'a new connection is not a boot');
	await again.boot('ScheduledReset');
	const c = await state(r.json.id, 'done');
	assert.equal(c.status, 'ScheduledReset');
	assert.equal(c.why, 'it hangs');
	assert.ok(c.ended_at);
	await again.close();
});

test('a Reset whose answer the reboot swallowed is done by the boot, not before', async () => {
	const s = await booted(depotd, 'C-MUTE', { handlers: { Reset: () => null } });
	const r = await ask('C-MUTE', 'Reset', { type: 'Immediate' }, { wait: 'none' });
	assert.equal(r.status, 202);
	assert.equal(r.json.state, 'waiting');
	await until('the call', () => s.calls.find((c) => c[2] === 'Reset'));
	await s.close();
	await state(r.json.id, 'running');
	const again = await new Station(depotd, 'C-MUTE').connect();
	await again.boot('RemoteReset');
	await state(r.json.id, 'done');
	await again.close();
});

test('what the station refuses is refused, with its word; CALLERROR as well', async () => {
	const s = await booted(depotd, 'C-NO', { handlers: {
		Reset: () => ({ status: 'Rejected' }),
		ClearCache: (p, m) => [4, m[1], 'NotSupported', 'no cache here', {}],
	} });
	let r = await ask('C-NO', 'Reset', { type: 'OnIdle' }, { wait: 'end' });
	assert.equal(r.json.state, 'refused');
	assert.equal(r.json.status, 'Rejected');
	r = await ask('C-NO', 'ClearCache', {}, { wait: 'end' });
	assert.equal(r.json.state, 'refused');
	assert.equal(r.json.error_code, 'NotSupported');
	await s.close();
});

test('a lost answer is unknown, not done', async () => {
	const s = await booted(depotd, 'C-LOST', { handlers: { ClearCache: () => null } });
	const r = await ask('C-LOST', 'ClearCache', {}, { wait: 'end', timeout_s: 1 });
	assert.equal(r.json.state, 'unknown');
	assert.equal(r.json.error_code, 'Timeout');
	await s.close();
});

test('rule 36: ChangeAvailability ends with the status, or at once if it is so already', async () => {
	const s = await booted(depotd, 'C-AVAIL', {
		handlers: { ChangeAvailability: () => ({ status: 'Scheduled' }) }, registration: { evses: 2 } });
	await status(s, 'Occupied', 1);
	await status(s, 'Available', 2);
	const all = await ask('C-AVAIL', 'ChangeAvailability', { operationalStatus: 'Inoperative' });
	assert.equal(all.json.state, 'running');
	await status(s, 'Unavailable', 2);
	assert.equal((await look(all.json.id)).state, 'running', 'one EVSE of two');
	await status(s, 'Unavailable', 1);
	await state(all.json.id, 'done');
	s.handlers.ChangeAvailability = () => ({ status: 'Accepted' });
	const same = await ask('C-AVAIL', 'ChangeAvailability',
		{ operationalStatus: 'Inoperative', evse: { id: 1 } });
	assert.equal(same.json.state, 'done', 'no status follows');
	await s.close();
});

test('rule 36: ChangeAvailability of what is not there is not sent; Faulted is not Operative', async () => {
	const s = await booted(depotd, 'C-AVAIL2', { handlers: { ChangeAvailability: () => ({ status: 'Accepted' }) } });
	const change = (operationalStatus, evse) => ask('C-AVAIL2', 'ChangeAvailability', { operationalStatus, evse });
	for (const evse of [{ id: 7 }, { id: 1, connectorId: 9 }]) {
		const r = await change('Operative', evse);
		assert.equal(r.status, 400, r.text);
	}
	assert.equal(s.calls.filter((c) => c[2] === 'ChangeAvailability').length, 0);
	await status(s, 'Faulted');
	const r = await change('Operative', { id: 1, connectorId: 1 });
	assert.equal(r.json.state, 'running', r.text);
	await status(s, 'Occupied');
	await state(r.json.id, 'done');
	await s.close();
});

test('Installed without requestId ends no update when several run, and the only one that runs', async () => {
	const s = await booted(depotd, 'C-FW', { handlers: { UpdateFirmware: () => ({ status: 'Accepted' }) } });
	const update = (requestId) => ask('C-FW', 'UpdateFirmware', { requestId, firmware: {
		location: 'https://localhost/fw', retrieveDateTime: now(), ...maker.signed } });
	const [a, b] = [await update(1), await update(2)];
	assert.equal(a.json.state, 'running', a.text);
	await s.call('FirmwareStatusNotification', { status: 'Installed' });
	for (const k of [a, b]) assert.equal((await look(k.json.id)).state, 'running');
	await s.call('FirmwareStatusNotification', { status: 'Installed', requestId: 1 });
	await state(a.json.id, 'done');
	await s.call('FirmwareStatusNotification', { status: 'Installed' });
	await state(b.json.id, 'done');
	await s.close();
});

test('requestId and remoteStartId are made where they are left out, each another', async () => {
	const s = await booted(depotd, 'C-IDS', { handlers: { GetLog: () => ({ status: 'Accepted', filename: 'x' }) } });
	const log = { logType: 'DiagnosticsLog', log: { remoteLocation: 'https://localhost/x' } };
	const a = await ask('C-IDS', 'GetLog', log);
	const b = await ask('C-IDS', 'GetLog', { ...log, requestId: 7 });
	assert.ok(a.json.request_id > 0);
	assert.equal(b.json.request_id, 7);
	const sent = s.calls.filter((c) => c[2] === 'GetLog').map((c) => c[3].requestId);
	assert.deepEqual(sent, [a.json.request_id, 7]);
	const start = await ask('C-IDS', 'RequestStartTransaction',
		{ evseId: 1, idToken: { idToken: 'AABBCCDD', type: 'ISO14443' } });
	assert.equal(start.json.state, 'running');
	await s.call('TransactionEvent', { eventType: 'Started', seqNo: 0, timestamp: now(), triggerReason: 'RemoteStart',
		transactionInfo: { transactionId: 'T1', remoteStartId: start.json.request_id }, evse: { id: 1, connectorId: 1 } });
	await state(start.json.id, 'done');
	const stop = await ask('C-IDS', 'RequestStopTransaction', { transactionId: 'T1' });
	assert.equal(stop.json.state, 'running');
	await s.call('TransactionEvent', { eventType: 'Ended', seqNo: 1, timestamp: now(), triggerReason: 'RemoteStop',
		transactionInfo: { transactionId: 'T1', stoppedReason: 'Remote' } });
	await state(stop.json.id, 'done');
	await s.close();
});

test('rule 35: a triggered message ends the trigger; StatusNotification must name its connector', async () => {
	const s = await booted(depotd, 'C-TRIG');
	const bad = await ask('C-TRIG', 'TriggerMessage', { requestedMessage: 'StatusNotification' });
	assert.equal(bad.status, 400);
	assert.match(bad.text, /F06\.FR\.13/);
	const r = await ask('C-TRIG', 'TriggerMessage',
		{ requestedMessage: 'StatusNotification', evse: { id: 1, connectorId: 1 } });
	await s.call('Heartbeat', {});
	assert.equal((await look(r.json.id)).state, 'running');
	await status(s, 'Available');
	await state(r.json.id, 'done');
	s.handlers.TriggerMessage = () => ({ status: 'NotImplemented' });
	const no = await ask('C-TRIG', 'TriggerMessage', { requestedMessage: 'Heartbeat' });
	assert.equal(no.json.state, 'refused');
	await s.close();
});

test('rule 38: results of a list count one by one', async () => {
	const s = await booted(depotd, 'C-LIST', { handlers: { SetVariables: (p) => ({
		setVariableResult: p.setVariableData.map((d, i) => ({ component: d.component, variable: d.variable,
			attributeStatus: i ? 'Accepted' : 'Rejected' })).reverse() }) } });
	const one = (name) => ({ component: { name: 'OCPPCommCtrlr' }, variable: { name }, attributeValue: '1' });
	const r = await ask('C-LIST', 'SetVariables', { setVariableData: [one('A'), one('B'), one('C')] });
	assert.equal(r.json.state, 'failed');
	assert.equal(r.json.status, '2 of 3 Accepted');
	await s.close();
});

test('RebootRequired is no Accepted: the value is in force only after a reboot (B05)', async () => {
	let says = ['RebootRequired'];
	const s = await booted(depotd, 'C-LATER', { handlers: { SetVariables: (p) => ({
		setVariableResult: p.setVariableData.map((d, i) => ({ component: d.component, variable: d.variable,
			attributeStatus: says[i] })) }) } });
	const one = (name) => ({ component: { name: 'OCPPCommCtrlr' }, variable: { name }, attributeValue: '1' });
	const set = async (...words) => {
		says = words;
		const r = await ask('C-LATER', 'SetVariables', { setVariableData: words.map((w, i) => one(`V${i}`)) });
		return [r.json.state, r.json.status, r.json.note];
	};
	assert.deepEqual(await set('RebootRequired'),
		['done', 'RebootRequired', '1 of 1 in force after a reboot: send a Reset']);
	assert.deepEqual(await set('Accepted', 'RebootRequired', 'Accepted'),
		['done', 'RebootRequired', '1 of 3 in force after a reboot: send a Reset']);
	assert.deepEqual(await set('Rejected', 'RebootRequired', 'Accepted'), ['failed', '2 of 3 Accepted',
		'the first that was not: Rejected; 1 of 3 in force after a reboot: send a Reset']);
	assert.deepEqual(await set('Accepted'), ['done', 'Accepted', undefined]);
	await s.close();
});

test('a command can be given up; lists and states are kept over a restart', async () => {
	let s = await booted(depotd, 'C-KEPT', { handlers: {
		Reset: () => ({ status: 'Scheduled' }), ClearCache: () => null } });
	const given = await ask('C-KEPT', 'Reset', { type: 'OnIdle' });
	assert.equal((await depotd.api('DELETE', `/commands/${given.json.id}`)).status, 200);
	assert.equal((await look(given.json.id)).state, 'cancelled');
	const running = await ask('C-KEPT', 'Reset', { type: 'OnIdle' });
	const waiting = await ask('C-KEPT', 'ClearCache', {}, { wait: 'none' });
	await until('it is on its way', () => s.calls.some((c) => c[2] === 'ClearCache'));
	await depotd.stop('SIGKILL');
	await depotd.start();
	assert.equal((await look(waiting.json.id)).state, 'unknown');
	assert.equal((await look(running.json.id)).state, 'running');
	s = await new Station(depotd, 'C-KEPT').connect();
	await s.boot('ScheduledReset');
	await state(running.json.id, 'done');
	const list = (await depotd.api('GET', '/commands?station=C-KEPT')).json.commands;
	assert.deepEqual(list.map((c) => c.state), ['unknown', 'done', 'cancelled']);
	assert.equal(list[1].action, 'Reset');
	assert.deepEqual(list[1].payload, { type: 'OnIdle' });
	await s.close();
});

test('what a station refuses ends with its reason: its code, its words, of one of several, cut within no character', async () => {
	let statusInfo;
	const item = ({ component, variable }) => ({ component, variable, attributeStatus: 'Rejected', attributeStatusInfo: statusInfo });
	const s = await booted(depotd, 'C-WHY', { handlers: {
		ClearCache: () => ({ status: 'Rejected', statusInfo }), ChangeAvailability: () => ({ status: 'Rejected', statusInfo }),
		SetVariables: ({ setVariableData }) => ({ setVariableResult: setVariableData.map(item) }) } });
	const note = async (action, payload = {}) => (await ask('C-WHY', action, payload)).json.note;
	assert.equal(await note('ClearCache'), 'the station said no');
	statusInfo = { reasonCode: 'NotEnabled' };
	assert.equal(await note('ClearCache'), 'the station said no: NotEnabled');
	statusInfo = { reasonCode: 'NotEnabled', additionalInfo: 'it has no cache' };
	assert.equal(await note('ClearCache'), 'the station said no: NotEnabled, it has no cache');
	assert.equal(await note('ChangeAvailability', { operationalStatus: 'Inoperative' }), 'the station said no: NotEnabled, it has no cache');
	const variable = (name) => ({ component: { name: 'X' }, variable: { name }, attributeValue: '1' });
	assert.match(await note('SetVariables', { setVariableData: [variable('A')] }), /said no: NotEnabled, it has no cache$/);
	assert.match(await note('SetVariables', { setVariableData: [variable('A'), variable('B')] }), /first that was not: Rejected; .*NotEnabled/);
	statusInfo = { reasonCode: 'ReadOnly', additionalInfo: `x${'ü'.repeat(300)}` };
	assert.match(await note('ClearCache'), /ReadOnly, xü{99}$/);
	await s.close();
});

test('rule 40: what no station can do anything right with is refused before it is sent', async () => {
	const s = await booted(depotd, 'C-SENSE', { registration: { evses: 2 }, handlers: { CostUpdated: () => ({}) } });
	const idToken = { idToken: 'AABBCCDD', type: 'ISO14443' }, log = { logType: 'DiagnosticsLog' };
	const fw = { location: 'https://x/y', ...maker.signed, retrieveDateTime: '2026-03-02T00:00:00Z' };
	const rows = [
		['RequestStartTransaction', { idToken, evseId: 0 }, 'evseId', /no EVSE 0, but: 1, 2/],
		['RequestStartTransaction', { idToken, evseId: 9 }, 'evseId', /no EVSE 9/],
		['Reset', { type: 'OnIdle', evseId: 9 }, 'evseId', /no EVSE 9/],
		['CostUpdated', { transactionId: 'T', totalCost: -3 }, 'totalCost', /0 or more/],
		['UpdateFirmware', { firmware: { ...fw, installDateTime: '2026-03-01T23:59:59Z' } }, 'firmware.installDateTime', /before/],
		['GetLog', { ...log, log: { oldestTimestamp: '2026-03-02T00:00:00Z', latestTimestamp: '2026-03-01T00:00:00Z' } }, 'log.oldestTimestamp', /after/],
	];
	for (const [action, payload, path, words] of rows) {
		const r = await ask('C-SENSE', action, payload, { force: action === 'CostUpdated' });
		assert.deepEqual([r.status, r.json.path], [400, `payload.${path}`], r.text);
		assert.match(r.json.detail, words);
	}
	assert.deepEqual(s.calls.filter((c) => rows.some(([a]) => a === c[2])), []);
	for (const [action, payload] of [
		['RequestStartTransaction', { idToken, evseId: 2 }], ['RequestStartTransaction', { idToken }], ['Reset', { type: 'OnIdle', evseId: 1 }],
		['UpdateFirmware', { firmware: { ...fw, installDateTime: fw.retrieveDateTime } }],
		['GetLog', { ...log, log: { oldestTimestamp: '2026-03-01T00:00:00Z', latestTimestamp: '2026-03-01T00:00:00Z' } }],
	])
		assert.equal((await ask('C-SENSE', action, payload)).status, 200, action);
	await s.close();
});

test('rule 40: a transaction that depotd does not know is asked for by force only', async () => {
	const s = await booted(depotd, 'C-KNOWN', { handlers: {
		CostUpdated: () => ({}), GetTransactionStatus: () => ({ ongoingIndicator: true, messagesInQueue: false }) } });
	const rows = [['RequestStopTransaction', {}], ['GetTransactionStatus', {}], ['CostUpdated', { totalCost: 1 }]];
	const came = () => s.calls.filter((c) => rows.some(([a]) => a === c[2])).map((c) => c[2]);
	for (const [action, more] of rows) {
		const r = await ask('C-KNOWN', action, { ...more, transactionId: 'nobody' });
		assert.deepEqual([r.status, r.json.path], [409, 'payload.transactionId'], r.text);
		assert.match(r.json.detail, /knows no transaction "nobody".*force/);
		const call = await depotd.api('POST', '/stations/C-KNOWN/calls', { action, payload: { ...more, transactionId: 'nobody' } });
		assert.equal(call.status, 409, call.text);
	}
	assert.deepEqual(came(), []);
	assert.equal((await ask('C-KNOWN', 'GetTransactionStatus', {})).status, 200, 'of no transaction in particular');
	for (const [action, more] of rows) {
		const r = await ask('C-KNOWN', action, { ...more, transactionId: 'nobody' }, { force: true });
		assert.equal(r.status, 200, r.text);
	}
	assert.deepEqual(came(), ['GetTransactionStatus', ...rows.map(([a]) => a)]);
	/* one that has ended is known, and so is one whose EVSE nobody named */
	const event = (eventType, seqNo, transactionId, more = {}) => s.call('TransactionEvent', { eventType, seqNo, timestamp: now(),
		triggerReason: 'CablePluggedIn', transactionInfo: { transactionId }, ...more });
	const evse = { id: 1, connectorId: 1 };
	await event('Started', 0, 'old', { evse });
	await event('Ended', 1, 'old');
	await event('Started', 0, 'new', { evse });
	await event('Started', 0, 'afoot');
	for (const id of ['old', 'new', 'afoot'])
		for (const [action, more] of rows) {
			const r = await ask('C-KNOWN', action, { ...more, transactionId: id });
			assert.equal(r.status, 200, `${action} ${id}: ${r.text}`);
		}
	const ctl = (...args) => spawnSync(join(BUILD, 'depotctl'), ['--socket', join(depotd.data, 'depotd.sock'), 'command', 'C-KNOWN',
		'GetTransactionStatus', '{"transactionId":"nobody"}', ...args], { encoding: 'utf8', timeout: 3000 });
	assert.match(ctl().stderr, /--force/);
	await s.close();
	assert.match((await ask('C-KNOWN', 'GetTransactionStatus', { transactionId: 'nobody' })).text, /not connected/);
});

test('errors say what to do', async () => {
	assert.equal((await ask('C-NOBODY', 'Reset', { type: 'OnIdle' })).status, 404);
	const s = await booted(depotd, 'C-ERR');
	assert.equal((await ask('C-ERR', 'Rest', {})).status, 400);
	assert.match((await ask('C-ERR', 'Reset', { type: 'Now' })).json.path, /payload\.type/);
	await s.close();
	const gone = await ask('C-ERR', 'Reset', { type: 'OnIdle' });
	assert.equal(gone.status, 409);
	assert.match(gone.text, /not connected/);
});

test('rule 20: a list longer than the station takes goes in parts, its answers are one', async () => {
	const s = await booted(depotd, 'C-SPLIT', { handlers: {
		GetVariables: (p) => ({ getVariableResult: p.getVariableData.map((d) => ({ ...d,
			attributeStatus: 'Accepted', attributeValue: d.variable.name === 'ItemsPerMessage' ? '4' : `is ${d.variable.instance}` })) }),
		SetVariables: (p) => ({ setVariableResult: p.setVariableData.map((d) => ({ component: d.component,
			variable: d.variable, attributeStatus: 'Rejected' })) }),
	} });
	const items = ['GetVariables', 'SetVariables'].map((instance) =>
		({ component: { name: 'DeviceDataCtrlr' }, variable: { name: 'ItemsPerMessage', instance } }));
	await ask('C-SPLIT', 'GetVariables', { getVariableData: items });
	const sent = (action) => s.calls.filter((c) => c[2] === action).slice(-2);
	const five = [1, 2, 3, 4, 5].map((n) => ({ component: { name: 'X' }, variable: { name: 'V', instance: `${n}` } }));
	const r = await ask('C-SPLIT', 'GetVariables', { getVariableData: five }, { wait: 'end' });
	assert.equal(r.json.state, 'done', r.text);
	assert.deepEqual(sent('GetVariables').map((c) => c[3].getVariableData.length), [4, 1]);
	assert.deepEqual(r.json.response.getVariableResult.map((v) => v.attributeValue),
		[1, 2, 3, 4, 5].map((n) => `is ${n}`));
	const no = await ask('C-SPLIT', 'SetVariables',
		{ setVariableData: five.map((v) => ({ ...v, attributeValue: '1' })) }, { wait: 'end' });
	assert.equal(no.json.state, 'refused');
	assert.deepEqual(sent('SetVariables').map((c) => c[3].setVariableData.length), [4, 1], 'the second part goes too');
	await s.close();
});

test('what ends a command counts also when it comes before the answer', async () => {
	const t = () => new Date().toISOString();
	const s = await booted(depotd, 'C-EARLY', { handlers: {
		TriggerMessage: async () => {
			await s.call('Heartbeat', {});
			return { status: 'Accepted' };
		},
		RequestStartTransaction: async (p) => {
			await s.call('TransactionEvent', { eventType: 'Started', timestamp: t(), triggerReason: 'RemoteStart', seqNo: 0,
				transactionInfo: { transactionId: 'early', chargingState: 'EVConnected', remoteStartId: p.remoteStartId },
				evse: { id: 1, connectorId: 1 }, idToken: p.idToken });
			return { status: 'Accepted', transactionId: 'early' };
		},
		GetBaseReport: async (p) => {
			await s.call('NotifyReport', { requestId: p.requestId, generatedAt: t(), seqNo: 0, tbc: false });
			return { status: 'Accepted' };
		},
		RequestStopTransaction: async () => {
			await s.call('TransactionEvent', { eventType: 'Ended', timestamp: t(), triggerReason: 'RemoteStop', seqNo: 1,
				transactionInfo: { transactionId: 'early', stoppedReason: 'Remote' }, evse: { id: 1, connectorId: 1 } });
			return { status: 'Accepted' };
		},
	} });
	const done = async (action, payload) => {
		const r = await ask('C-EARLY', action, payload, { wait: 'end' });
		assert.equal(r.json?.state, 'done', `${action}: ${r.text}`);
	};
	await done('TriggerMessage', { requestedMessage: 'Heartbeat' });
	await done('RequestStartTransaction', { evseId: 1, idToken: { idToken: 'AABBCCDD', type: 'ISO14443' } });
	await done('RequestStopTransaction', { transactionId: 'early' });
	await done('GetBaseReport', { reportBase: 'ConfigurationInventory' });
	await s.close();
});

test('a command whose answer a restart of depotd swallowed ends by what carries its number, others are unknown', async () => {
	const d = await new Depotd().start();
	try {
		const s = await booted(d, 'C-GAP', { handlers: { RequestStartTransaction: () => null, ClearCache: () => null } });
		const post = async (action, payload) => (await d.api('POST', '/stations/C-GAP/commands', { action, payload, wait: 'none' })).json;
		const start = await post('RequestStartTransaction', { evseId: 1, idToken: { idToken: 'AABBCCDD', type: 'ISO14443' } });
		const clear = await post('ClearCache', {});
		const call = await until('the call', () => s.calls.find((c) => c[2] === 'RequestStartTransaction'));
		await d.stop('SIGKILL');
		await d.start();
		const now = async (k) => (await d.api('GET', `/commands/${k.id}`)).json;
		await until('the end of the one', async () => (await now(clear)).state === 'unknown');
		await until('a note at the other', async () => /before the answer came/.test((await now(start)).note));
		const again = await booted(d, 'C-GAP');
		await again.call('TransactionEvent', { eventType: 'Started', timestamp: new Date().toISOString(), triggerReason: 'RemoteStart', seqNo: 0,
			transactionInfo: { transactionId: 'gap', remoteStartId: call[3].remoteStartId }, evse: { id: 1, connectorId: 1 } });
		assert.equal((await until('its end', async () => { const k = await now(start); return k.state !== 'running' && k; })).state, 'done');
		await again.close();
	} finally {
		await d.clean();
	}
});

test('rule 36: a newer ChangeAvailability of the same EVSE takes the place of the one that waits', async () => {
	const s = await booted(depotd, 'C-LATER', { registration: { evses: 2 }, handlers: { ChangeAvailability: () => ({ status: 'Scheduled' }) } });
	const status = (evseId, connectorStatus) => s.call('StatusNotification', { timestamp: new Date().toISOString(), connectorStatus, evseId, connectorId: 1 });
	await status(1, 'Occupied');
	await status(2, 'Occupied');
	const change = async (operationalStatus, id) => (await ask('C-LATER', 'ChangeAvailability', { operationalStatus, evse: { id } })).json.id;
	const first = await change('Inoperative', 1), other = await change('Inoperative', 2);
	const second = await change('Operative', 1);
	const c = await state(first, 'cancelled');
	assert.match(c.note, /a later request took its place/);
	await status(1, 'Available');
	await state(second, 'done');
	await state(other, 'running');
	await status(2, 'Unavailable');
	await state(other, 'done');
	await s.close();
});

test('rule 11: five commands wait for a slow station; its own calls are answered meanwhile', async () => {
	let release;
	const s = await booted(depotd, 'C-SLOW', { handlers: {
		ClearCache: () => new Promise((r) => (release = () => r({ status: 'Accepted' }))) } });
	const quick = await booted(depotd, 'C-QUICK');
	const all = [1, 2, 3, 4, 5].map(() => ask('C-SLOW', 'ClearCache', {}, { wait: 'end' }));
	for (let i = 1; i <= 5; i++) {
		await until(`call ${i}`, () => s.calls.filter((c) => c[2] === 'ClearCache').length === i);
		await s.call('Heartbeat', {});
		assert.equal((await ask('C-QUICK', 'ClearCache', {}, { wait: 'end' })).json.state, 'done');
		assert.equal(s.calls.filter((c) => c[2] === 'ClearCache').length, i, 'one on the wire at a time');
		release();
	}
	assert.deepEqual((await Promise.all(all)).map((r) => r.json.state), Array(5).fill('done'));
	await s.close();
	await quick.close();
});

test('forms of commands are made of the schema: what is needed, kinds, bounds, values, and who may', async () => {
	const { forms } = (await depotd.api('GET', '/command-forms')).json;
	assert.ok(forms.length >= 30, `${forms.length} actions`);
	assert.equal(forms.find((f) => f.action === 'InstallCertificate').needs, 'trust');
	assert.equal(forms.find((f) => f.action === 'Reset').needs, 'operate');
	assert.equal(forms.some((f) => f.action === 'BootNotification'), false, 'that is said by stations');
	const form = async (action) => (await depotd.api('GET', `/command-forms/${action}`)).json;
	const reset = await form('Reset');
	assert.equal(reset.waits_for, 'the station to come back');
	const [type, evse] = reset.structs[0].fields;
	assert.deepEqual([type.name, type.kind, type.required, type.values], ['type', 'enum', true, ['Immediate', 'OnIdle']]);
	assert.deepEqual([evse.name, evse.kind, evse.required, evse.max], ['evseId', 'int', false, undefined]);
	const start = await form('RequestStartTransaction');
	const top = Object.fromEntries(start.structs[0].fields.map((f) => [f.name, f]));
	assert.deepEqual([top.remoteStartId.made, top.remoteStartId.required], [true, false], 'depotd counts by itself');
	assert.equal(top.customData, undefined);
	const token = start.structs.find((x) => x.name === top.idToken.type);
	assert.deepEqual(token.fields.filter((f) => f.required).map((f) => [f.name, f.kind, f.max]), [['idToken', 'string', 36], ['type', 'enum', undefined]]);
	const reached = new Set(start.structs.map((x) => x.name));
	for (const f of start.structs.flatMap((x) => x.fields)) assert.ok(f.type === undefined || reached.has(f.type), `${f.name}: ${f.type}`);
	const report = (await form('GetReport')).structs[0].fields.find((f) => f.name === 'componentVariable');
	assert.deepEqual([report.list, report.items_min], [true, 1]);
	assert.equal((await depotd.api('GET', '/command-forms/BootNotification')).status, 404);
});

test('trying a command checks it, says what it does to vans, and sends nothing', async () => {
	const s = await booted(depotd, 'C-TRY', { handlers: { Reset: () => ({ status: 'Accepted' }) } });
	const attempt = (action, payload) => depotd.api('POST', '/stations/C-TRY/commands/try', { action, payload });
	let r = await attempt('Reset', { type: 'Immediate' });
	assert.deepEqual([r.status, r.json.sentence, r.json.vans], [200, 'Nobody charges at C-TRY. It is away until it has booted.', []], r.text);
	await s.call('TransactionEvent', { eventType: 'Started', seqNo: 0, timestamp: now(), triggerReason: 'Authorized',
		transactionInfo: { transactionId: 'try-1', chargingState: 'Charging' }, evse: { id: 1, connectorId: 1 }, idToken: { idToken: 'AABBCCDD', type: 'ISO14443' } });
	r = await attempt('Reset', { type: 'Immediate' });
	assert.equal(r.json.sentence, 'Stops VAN-1 until it is back, for a minute or two.');
	assert.equal(r.json.waits_for, 'the station to come back');
	const [van] = r.json.vans;
	assert.deepEqual([van.evse, van.vehicle, van.state, van.effect], [1, 'VAN-1', 'charging', 'stops']);
	assert.ok(van.departs_at);
	assert.equal((await attempt('Reset', { type: 'OnIdle' })).json.vans[0].effect, 'last');
	assert.match((await attempt('RequestStopTransaction', { transactionId: 'try-1' })).json.sentence, /^Stops VAN-1\./);
	assert.match((await attempt('ChangeAvailability', { operationalStatus: 'Inoperative' })).json.sentence, /^VAN-1 charges on\./);
	assert.deepEqual((await attempt('ClearCache', {})).json.vans, []);
	r = await attempt('Reset', { type: 'Immediate', evseId: 9 });
	assert.deepEqual([r.status, r.json.path], [400, 'payload.evseId'], r.text);
	assert.equal((await attempt('Reset', { type: 'Now' })).status, 400);
	assert.equal((await attempt('Frobnicate', {})).status, 400);
	const ctl = spawnSync(join(BUILD, 'depotctl'), ['--socket', join(depotd.data, 'depotd.sock'), 'command', 'C-TRY', 'Reset',
		'{"type":"Immediate"}', '--try'], { encoding: 'utf8' });
	assert.match(ctl.stdout, /^Stops VAN-1 until it is back, for a minute or two\.\ndepotd waits for the station to come back\./);
	assert.deepEqual((await depotd.api('GET', '/commands?station=C-TRY&action=Reset')).json.commands, []);
	assert.equal(s.calls.filter((c) => c[2] === 'Reset').length, 0);
	await s.call('TransactionEvent', { eventType: 'Ended', seqNo: 1, timestamp: now(), triggerReason: 'RemoteStop',
		transactionInfo: { transactionId: 'try-1', stoppedReason: 'Remote' } });
	await s.close();
	assert.match((await attempt('Reset', { type: 'Immediate' })).json.detail, /not connected/);
});

test('each step of a command is told: sent, answered, ended; and chargers are said in one sentence', async () => {
	let answer;
	const s = await booted(depotd, 'C-STEP', { handlers: { Reset: () => new Promise((ok) => { answer = ok; }) } });
	const { id } = (await ask('C-STEP', 'Reset', { type: 'Immediate' }, { wait: 'none' })).json;
	await until('the call', () => answer);
	assert.deepEqual([(await look(id)).step, (await look(id)).state], ['sent', 'waiting']);
	assert.equal((await depotd.api('GET', '/commands?station=C-STEP')).json.commands.find((c) => c.id === id).step, 'sent');
	answer({ status: 'Accepted' });
	await state(id, 'running');
	assert.equal((await look(id)).step, 'answered');
	await s.call('BootNotification', { reason: 'RemoteReset', chargingStation: { model: 'M', vendorName: 'V' } });
	await state(id, 'done');
	assert.equal((await look(id)).step, 'ended');
	const all = (await depotd.api('GET', '/stations')).json;
	const ctl = spawnSync(join(BUILD, 'depotctl'), ['--socket', join(depotd.data, 'depotd.sock'), 'stations'], { encoding: 'utf8' });
	const [sentence] = ctl.stdout.split('\n');
	assert.match(sentence, /silent|fault/);
	assert.equal(sentence.replace(/\x1b\[\d*m/g, ''), all.sentence);
	assert.match(all.stations.find((x) => x.id === 'C-STEP').sentence, /^C-STEP: EVSE 1/);
	await s.close();
});

test('depotctl: options may stand anywhere, a word is what it is', async () => {
	const d = await new Depotd().start();
	try {
		const s = await booted(d, 'CLI-1', { handlers: { ClearCache: () => ({ status: 'Accepted' }) } });
		await d.api('POST', '/stations/CLI-1/commands', { action: 'ClearCache', payload: {}, wait: 'end' });
		const ctl = (...args) => spawnSync(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), ...args], { encoding: 'utf8' });
		for (const args of [['--state', 'done'], ['--limit=5'], ['--limit', '5', 'CLI-1'], ['CLI-1', '--limit', '5'], ['--action', 'ClearCache', '--state=done']]) {
			const r = ctl('commands', ...args);
			assert.match(r.stdout, /CLI-1 +ClearCache/, args.join(' '));
		}
		assert.match(ctl('commands', '--state', 'failed').stdout, /No commands/);
		assert.match(ctl('files', '--limit', '2').stdout, /No files|no file/i);
		assert.equal(ctl('commands', '--nonsense').status, 2);
		assert.equal(ctl('commands', '--limit').status, 2);
		await s.close();
	} finally {
		await d.clean();
	}
});
