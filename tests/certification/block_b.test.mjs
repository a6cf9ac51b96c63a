// Certification cases of a CSMS, block B: provisioning.
import assert from 'node:assert/strict';
import {
	ask, block, certify, change, command, ended, endedWhole, exchange, goesOn, shows, stored, view,
} from './harness.mjs';
import { CallError, now, variable, WAYS } from './station.mjs';

block({ config: 'boot: {retry_s: 1, heartbeat_s: 300}\n' });

const actual = (attributeType) => attributeType === undefined || attributeType === 'Actual';

// -- B01 to B03: cold boot ------------------------------------------------------------------------

certify('B_01', { ways: WAYS, boot: false }, async (s) => {
	const r = await s.booted();
	assert.ok(r.interval > 0);
	assert.ok(Math.abs(Date.parse(r.currentTime) - Date.now()) < 60000, 'the time of the CSMS');
	await shows(s, 'Available', 1);
	await shows(s, 'Available', 2);
	assert.equal((await view(s)).boot_status.toLowerCase(), 'accepted');
});

certify('B_02', { ways: WAYS, boot: false, registration: { policy: 'pending' } }, async (s) => {
	const first = await s.boot();
	assert.equal(first.status, 'Pending');
	const came = s.expect('GetVariables');
	const wanted = { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' } };
	await ask(s, 'GetVariables', { getVariableData: [wanted] });
	await came; // B02.FR.01: it may be asked meanwhile
	await change(s, { policy: 'accepted' });
	await new Promise((r) => setTimeout(r, (first.interval || 1) * 1000));
	await s.booted();
	await shows(s, 'Available', 2);
});

certify('B_30', { ways: WAYS, boot: false, registration: { policy: 'pending' } }, async (s) => {
	assert.equal((await s.boot()).status, 'Pending');
	await assert.rejects(s.status('Available'), (e) => e instanceof CallError && e.code === 'SecurityError');
	await change(s, { policy: 'rejected' });
	await s.closed;
	await s.connect();
	assert.equal((await s.boot()).status, 'Rejected');
	await assert.rejects(s.status('Available'), (e) => e instanceof CallError && e.code === 'SecurityError');
	const v = await view(s);
	assert.notEqual(v.evses[0].connectors[0].status, 'Available', 'what was refused is not shown');
});

certify('B_31', { ways: WAYS, boot: false, registration: { policy: 'pending' } }, async (s) => {
	assert.equal((await s.boot()).status, 'Pending');
	// the operator lets it in; depotd does not wait until the station asks again
	const came = s.expect('TriggerMessage', { status: 'Accepted' }, (p) => p.requestedMessage === 'BootNotification');
	await change(s, { policy: 'accepted' });
	assert.equal((await came).evse, undefined);
	await s.booted('Triggered');
	await shows(s, 'Available', 2);
});

// -- B05, B06: variables --------------------------------------------------------------------------

const OFFLINE = { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'OfflineThreshold' } };
const REMOTE = { component: { name: 'AuthCtrlr' }, variable: { name: 'AuthorizeRemoteStart' } };

const isOffline = (d) => d.variable.name === 'OfflineThreshold' && d.component.name === 'OCPPCommCtrlr';
const isRemote = (d) => d.variable.name === 'AuthorizeRemoteStart' && d.component.name === 'AuthCtrlr';

certify('B_06', {}, async (s) => {
	const [q, k] = await exchange(s, 'GetVariables', { getVariableData: [OFFLINE] });
	assert.equal(q.getVariableData.length, 1);
	assert.ok(isOffline(q.getVariableData[0]) && actual(q.getVariableData[0].attributeType));
	const end = await ended(k);
	assert.equal(end.response.getVariableResult[0].attributeValue, '60');
	assert.equal(await stored(s, 'OCPPCommCtrlr', 'OfflineThreshold'), '60');
});

certify('B_07', {}, async (s) => {
	const [q, k] = await exchange(s, 'GetVariables', { getVariableData: [OFFLINE, REMOTE] });
	assert.equal(q.getVariableData.length, 2);
	for (const is of [isOffline, isRemote])
		assert.ok(q.getVariableData.some((d) => is(d) && actual(d.attributeType)), JSON.stringify(q));
	const values = (await ended(k)).response.getVariableResult.map((v) => v.attributeValue);
	assert.deepEqual(values.sort(), ['60', 'false']);
	assert.equal(await stored(s, 'OCPPCommCtrlr', 'OfflineThreshold'), '60');
	assert.equal(await stored(s, 'AuthCtrlr', 'AuthorizeRemoteStart'), 'false');
});

const items = (instance, n) => variable('DeviceDataCtrlr', 'ItemsPerMessage', n,
	{ instance, mutability: 'ReadOnly', dataType: 'integer' });
const bytes = (instance, n) => variable('DeviceDataCtrlr', 'BytesPerMessage', n,
	{ instance, mutability: 'ReadOnly', dataType: 'integer' });

certify('B_08', {
	station: {
		model: [items('GetReport', 4), items('GetVariables', 4), bytes('GetReport', 10000),
			bytes('GetVariables', 10000), variable('AuthCtrlr', 'AuthorizeRemoteStart', 'false')],
	},
}, async (s) => {
	// depotd knows the limit from what the station says of itself
	const limit = { component: { name: 'DeviceDataCtrlr' }, variable: { name: 'ItemsPerMessage', instance: 'GetVariables' } };
	await ended(await ask(s, 'GetVariables', { getVariableData: [limit] }));
	const before = s.asked('GetVariables').length;
	const wanted = s.model.map(({ component, variable }) => ({ component, variable }));
	assert.equal(wanted.length, 5);
	const end = await ended(await ask(s, 'GetVariables', { getVariableData: wanted }));
	const parts = s.asked('GetVariables').slice(before).map((q) => q.getVariableData);
	assert.deepEqual(parts.map((p) => p.length).sort(), [1, 4]);
	const key = (d) => `${d.component.name}.${d.variable.name}.${d.variable.instance}`;
	assert.deepEqual(parts.flat().map(key).sort(), wanted.map(key).sort());
	assert.equal(end.response.getVariableResult.length, 5, 'one answer to the operator');
});

certify('B_09', {}, async (s) => {
	const [q, k] = await exchange(s, 'SetVariables', { setVariableData: [{ ...OFFLINE, attributeValue: '123' }] });
	const [d] = q.setVariableData;
	assert.ok(isOffline(d) && actual(d.attributeType));
	assert.equal(d.attributeValue, '123');
	await ended(k);
	assert.equal(s.find(OFFLINE.component, OFFLINE.variable)[0].variableAttribute[0].value, '123');
	assert.equal(await stored(s, 'OCPPCommCtrlr', 'OfflineThreshold'), '123');
});

certify('B_10', {}, async (s) => {
	const [q, k] = await exchange(s, 'SetVariables', { setVariableData: [
		{ ...OFFLINE, attributeValue: '123' }, { ...REMOTE, attributeValue: 'false' },
	] });
	assert.equal(q.setVariableData.length, 2);
	for (const [is, value] of [[isOffline, '123'], [isRemote, 'false']])
		assert.ok(q.setVariableData.some((d) => is(d) && actual(d.attributeType) && d.attributeValue === value));
	const results = (await ended(k)).response.setVariableResult;
	assert.deepEqual(results.map((r) => r.attributeStatus), ['Accepted', 'Accepted']);
	assert.equal(await stored(s, 'OCPPCommCtrlr', 'OfflineThreshold'), '123');
});

// -- B07, B08: reports ----------------------------------------------------------------------------

const REPORTED = [
	variable('OCPPCommCtrlr', 'OfflineThreshold', 77, { dataType: 'integer' }),
	variable('SampledDataCtrlr', 'TxUpdatedInterval', 55, { dataType: 'integer' }),
];

const REPORT_CASES = { B_12: 'ConfigurationInventory', B_13: 'FullInventory', B_14: 'SummaryInventory' };

/** A base report comes in two parts; only then is the command over, and what it says shown. */
for (const [number, reportBase] of Object.entries(REPORT_CASES))
	certify(number, {}, async (s) => {
		const [q, k] = await exchange(s, 'GetBaseReport', { reportBase }, { status: 'Accepted' });
		assert.equal(q.reportBase, reportBase);
		assert.ok(Number.isInteger(q.requestId) && q.requestId >= 0);
		assert.equal(k.request_id, q.requestId);
		const before = await stored(s, 'OCPPCommCtrlr', 'OfflineThreshold');
		const part = (seqNo) => s.call('NotifyReport', {
			requestId: q.requestId, seqNo, tbc: seqNo === 0, generatedAt: now(), reportData: [REPORTED[seqNo]],
		});
		await part(0);
		await goesOn(k);
		assert.equal(await stored(s, 'OCPPCommCtrlr', 'OfflineThreshold'), before, 'half a report changes nothing');
		await part(1);
		await ended(k);
		assert.equal(await stored(s, 'OCPPCommCtrlr', 'OfflineThreshold'), '77');
		assert.equal(await stored(s, 'SampledDataCtrlr', 'TxUpdatedInterval'), '55');
	});

certify('B_18', {}, async (s) => {
	const evse = { component: { name: 'EVSE', evse: { id: 1 } }, variable: { name: 'AvailabilityState' } };
	const payload = (criterion) => ({ componentCriteria: [criterion], componentVariable: [evse] });
	const [none, empty] = await exchange(s, 'GetReport', payload('Problem'), { status: 'EmptyResultSet' });
	assert.deepEqual([none.componentCriteria, none.componentVariable], [['Problem'], [evse]]);
	assert.equal((await ended(empty)).status, 'EmptyResultSet', 'an empty result is a result');
	const [some, k] = await exchange(s, 'GetReport', payload('Available'), { status: 'Accepted' });
	assert.deepEqual([some.componentCriteria, some.componentVariable], [['Available'], [evse]]);
	await goesOn(k);
	await s.report(some.requestId, [variable('EVSE', 'AvailabilityState', 'Available',
		{ evse: { id: 1 }, mutability: 'ReadOnly' })]);
	await ended(k);
	assert.equal(await stored(s, 'EVSE', 'AvailabilityState'), 'Available');
});

// -- B09: network profiles ------------------------------------------------------------------------

const NETWORK = {
	configurationSlot: 1,
	connectionData: {
		messageTimeout: 30, ocppCsmsUrl: 'wss://depot.example/ocpp', ocppInterface: 'Wired0', ocppTransport: 'JSON',
		ocppVersion: 'OCPP20', securityProfile: 2,
	},
};

// rule 24: the version is called OCPP20
certify('B_42', {}, async (s) => {
	const [q, k] = await exchange(s, 'SetNetworkProfile', NETWORK, { status: 'Accepted' });
	assert.deepEqual(q, NETWORK);
	await ended(k);
});

certify('B_44', {}, async (s) => {
	const [q, k] = await exchange(s, 'SetNetworkProfile', NETWORK, { status: 'Failed' });
	assert.equal(q.configurationSlot, 1);
	const end = await ended(k, 'refused');
	assert.equal(end.status, 'Failed');
});

// -- B11, B12: reset ------------------------------------------------------------------------------

certify('B_20', { ways: WAYS }, async (s) => {
	const [q, k] = await exchange(s, 'Reset', { type: 'OnIdle' }, { status: 'Accepted' });
	assert.deepEqual(q, { type: 'OnIdle' });
	await goesOn(k); // Accepted is not the end: the station has yet to come back
	await s.close();
	await s.connect();
	await s.booted('RemoteReset');
	await ended(k);
	await shows(s, 'Available');
});

/** What a station tells while it waits for its cable to be pulled, so that it may reset itself. */
async function stopAndLeave(s) {
	await s.event('Updated', 'StopAuthorized', { info: { chargingState: 'EVConnected' }, idToken: s.token });
	await s.end('EVCommunicationLost', { chargingState: 'Idle', stoppedReason: 'EVDisconnected' });
}

certify('B_21', { ways: WAYS }, async (s) => {
	await s.energyTransferStarted();
	const [q, k] = await exchange(s, 'Reset', { type: 'OnIdle' }, { status: 'Scheduled' });
	assert.deepEqual(q, { type: 'OnIdle' });
	await goesOn(k);
	await stopAndLeave(s);
	await s.close();
	await s.connect();
	await s.booted('ScheduledReset');
	await ended(k);
	await endedWhole(s, 'EVDisconnected');
});

certify('B_22', { ways: WAYS, station: { evses: 2 } }, async (s) => {
	await s.energyTransferStarted();
	const [q, k] = await exchange(s, 'Reset', { type: 'Immediate' }, { status: 'Accepted' });
	assert.deepEqual(q, { type: 'Immediate' });
	await s.end('ResetCommand', { chargingState: 'EVConnected', stoppedReason: 'ImmediateReset' });
	await s.close();
	await s.connect();
	await s.booted('RemoteReset', { '1.1': 'Occupied' });
	await ended(k);
	await shows(s, 'Occupied', 1);
	await shows(s, 'Available', 2);
	await endedWhole(s, 'ImmediateReset');
});

/** The EVSE goes and comes back, which ends the reset of it; before, it is not over. */
async function evseComesBack(s, k, status) {
	await goesOn(k);
	await s.status('Available', 2); // the other EVSE says nothing of this one
	await goesOn(k);
	await s.status('Unavailable', 1);
	await goesOn(k);
	await s.status(status, 1);
	await ended(k);
	await shows(s, status, 1);
}

certify('B_25', { ways: WAYS }, async (s) => {
	const [q, k] = await exchange(s, 'Reset', { type: 'OnIdle', evseId: 1 }, { status: 'Accepted' });
	assert.deepEqual(q, { type: 'OnIdle', evseId: 1 });
	assert.equal((await command(k)).status, 'Accepted');
	await evseComesBack(s, k, 'Available');
});

certify('B_26', { ways: WAYS }, async (s) => {
	await s.energyTransferStarted();
	const [q, k] = await exchange(s, 'Reset', { type: 'OnIdle', evseId: 1 }, { status: 'Scheduled' });
	assert.deepEqual(q, { type: 'OnIdle', evseId: 1 });
	await goesOn(k);
	await s.status('Occupied', 1); // B12.FR.07: scheduled until the transaction has ended
	await goesOn(k);
	await stopAndLeave(s);
	await endedWhole(s, 'EVDisconnected');
	await evseComesBack(s, k, 'Available');
});

certify('B_27', { ways: WAYS }, async (s) => {
	await s.energyTransferStarted();
	const [q, k] = await exchange(s, 'Reset', { type: 'Immediate', evseId: 1 }, { status: 'Accepted' });
	assert.deepEqual(q, { type: 'Immediate', evseId: 1 });
	await goesOn(k);
	await s.end('ResetCommand', { chargingState: 'EVConnected', stoppedReason: 'ImmediateReset' });
	await endedWhole(s, 'ImmediateReset');
	await evseComesBack(s, k, 'Occupied');
});

// -- subprotocols ---------------------------------------------------------------------------------

certify('B_58', { connect: false }, async (s) => {
	await assert.rejects(s.connect({ protocols: 'ocpp0.1' }), (e) => e.status >= 400 && e.status < 500);
	await s.connect({ protocols: ['ocpp0.1', 'ocpp2.0.1'] });
	assert.equal(s.ws.protocol, 'ocpp2.0.1');
	await s.booted();
});
