// Certification cases of a CSMS, block E: transactions.
import assert from 'node:assert/strict';
import { block, certify, ended, endedWhole, exchange, goesOn, transaction, until, view } from './harness.mjs';
import { meterValue, now, SIGNED, WAYS } from './station.mjs';

/** Cards of vans: each case that looks whether its van is known has one. */
const VANS = { E_04: 'VAN0E04', E_10: 'VAN0E10', E_38: 'VAN0E38' };

block({
	depot: `
depot: test
name: Test depot
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 5000000}
vehicles:
${Object.entries(VANS).map(([id, token]) => `  - {id: ${id}, token: ${token}, battery_wh: 60000, max_ac_w: 11000, ` +
	'max_dc_w: 80000, min_w: 1380, need_wh: 20000, departs: "06:00"}').join('\n')}
`,
});

const EVSE = { id: 1, connectorId: 1 };

/** A transaction that is open, with what is known of it. */
async function open(s, want = {}) {
	const t = await transaction(s);
	assert.equal(t.state, 'open', JSON.stringify(t));
	for (const [key, value] of Object.entries(want)) assert.equal(t[key], value, key);
	return t;
}

/** The state of an EVSE in the operator's eyes. */
const evseState = (s, state, id = 1) =>
	until(`EVSE ${id} ${state}`, async () => (await view(s)).evses[id - 1].state === state);

/** The station's card is that of a van of this case. */
function vanOf(s, number) {
	s.token = { idToken: VANS[number], type: 'ISO14443' };
	return number;
}

/** What is shown live of EVSE 1: its transaction and whose van it is. */
async function live(s) {
	const { transaction, vehicle } = (await view(s)).evses[0];
	return [transaction, vehicle];
}

/** Ends the transaction in these words; it is stored whole, and the EVSE is free of it. */
async function stop(s, triggerReason, info, more) {
	const r = await s.end(triggerReason, info, more);
	await endedWhole(s, info.stoppedReason);
	assert.deepEqual(await live(s), [undefined, undefined]);
	return r;
}

// -- E01: when a transaction starts ---------------------------------------------------------------

/** The card was accepted and the cable plugged in, but nothing has started yet. */
async function authorizedAndPlugged(s) {
	assert.equal((await s.call('Authorize', { idToken: s.token })).idTokenInfo.status, 'Accepted');
	await s.status('Occupied', EVSE.id, EVSE.connectorId);
}

/** The first event of a transaction, with the card; it is judged once more (E01.FR.11). */
async function starts(s, triggerReason, chargingState, more = {}) {
	const r = await s.event('Started', triggerReason,
		{ idToken: s.token, evse: EVSE, ...(chargingState && { info: { chargingState } }), ...more });
	assert.equal(r.idTokenInfo?.status, 'Accepted');
	await open(s, { evse: 1, token: s.token.idToken });
}

const charges = (s) => s.event('Updated', 'ChargingStateChanged', { info: { chargingState: 'Charging' } });

certify('E_01', { ways: WAYS }, async (s) => {
	await authorizedAndPlugged(s);
	await starts(s, 'ChargingStateChanged', 'SuspendedEVSE');
	await charges(s);
	await evseState(s, 'charging');
});

certify('E_02', { ways: WAYS }, async (s) => {
	await authorizedAndPlugged(s);
	await starts(s, 'ChargingStateChanged', 'Charging');
	await evseState(s, 'charging');
});

certify('E_03', { ways: WAYS }, async (s) => {
	await s.evConnected();
	await evseState(s, 'plugged');
	await s.authorized();
	await s.energyTransferStarted();
	await open(s, { evse: 1, token: s.token.idToken });
	await evseState(s, 'charging');
});

certify('E_04', { ways: WAYS }, async (s) => {
	const van = vanOf(s, 'E_04');
	await s.authorized();
	assert.equal((await open(s)).evse, undefined, 'not known before the cable is plugged in');
	assert.deepEqual(await live(s), [undefined, undefined]);
	await s.energyTransferStarted();
	await open(s, { evse: 1, token: s.token.idToken });
	await evseState(s, 'charging');
	assert.deepEqual(await live(s), [s.tx.id, van]); // by the card that came before the cable
	await s.evDisconnected();
	assert.deepEqual(await live(s), [undefined, undefined]);
});

certify('E_09', { ways: WAYS }, async (s) => {
	await s.evConnected();
	await open(s, { evse: 1 });
	await evseState(s, 'plugged');
});

certify('E_10', {}, async (s) => {
	const van = vanOf(s, 'E_10');
	await s.authorized();
	const t = await open(s, { token: s.token.idToken });
	assert.equal(t.vehicle, van);
	assert.deepEqual(await live(s), [undefined, undefined], 'no EVSE was named');
});

certify('E_11', { ways: WAYS }, async (s) => {
	await authorizedAndPlugged(s);
	await starts(s, 'SignedDataReceived', undefined,
		{ meterValue: meterValue(0.0, 'Transaction.Begin', { signed: SIGNED }) });
	await charges(s);
	await open(s, { begin_wh: 0 });
	await evseState(s, 'charging');
});

certify('E_12', {}, async (s) => {
	await s.event('Started', 'EVDetected');
	await open(s);
});

certify('E_38', { ways: WAYS }, async (s) => {
	const van = vanOf(s, 'E_38');
	await s.authorized();
	await s.evConnected();
	await s.event('Updated', 'ChargingStateChanged', { info: { chargingState: 'SuspendedEV' } });
	await open(s, { evse: 1, token: s.token.idToken });
	assert.deepEqual(await live(s), [s.tx.id, van]);
	await until('it not to charge', async () => !['charging', 'free'].includes((await view(s)).evses[0].state));
});

certify('E_53', { ways: WAYS }, async (s) => {
	for (let n = 0; n < 2; n++) {
		await s.energyTransferStarted();
		await s.evDisconnected();
		const t = await endedWhole(s, 'EVDisconnected');
		assert.ok(t.events >= 5, `${t.events} events, counted from 0 each time`);
		assert.ok(!t.quarantined, t.quarantined);
	}
});

// -- E06: when a transaction stops ----------------------------------------------------------------

const local = (s) => stop(s, 'StopAuthorized', { stoppedReason: 'Local' }, { idToken: s.token });

certify('E_07', { ways: WAYS }, async (s) => {
	await s.energyTransferStarted();
	await local(s);
});

certify('E_08', { ways: WAYS }, async (s) => {
	await s.stopAuthorized();
	await stop(s, 'ChargingStateChanged', { chargingState: 'EVConnected', stoppedReason: 'Local' });
});

certify('E_14', { ways: WAYS }, async (s) => {
	await s.evConnectedPostSession();
	await s.evDisconnected();
	await endedWhole(s, 'EVDisconnected');
	await evseState(s, 'free');
});

certify('E_15', { ways: WAYS }, async (s) => {
	await s.energyTransferStarted();
	const r = await local(s);
	assert.equal(r.idTokenInfo?.status, 'Accepted');
});

certify('E_16', {}, async (s) => {
	const r = await s.event('Started', 'Authorized', { idToken: { idToken: 'NOBODYS', type: 'ISO14443' } });
	assert.match(r.idTokenInfo.status, /^(Invalid|Unknown)$/);
	await open(s, { token: 'NOBODYS', token_status: r.idTokenInfo.status });
	await stop(s, 'Deauthorized', { stoppedReason: 'DeAuthorized' });
});

certify('E_17', { ways: WAYS }, async (s) => {
	await s.energyTransferSuspended();
	await stop(s, 'EVCommunicationLost', { chargingState: 'Idle', stoppedReason: 'EVDisconnected' });
});

certify('E_19', { ways: WAYS }, async (s) => {
	await s.evConnectedPostSession();
	// unplugged, but the van still stands in its bay: the transaction lasts until it leaves
	await s.status('Available', EVSE.id, EVSE.connectorId);
	await s.event('Updated', 'EVCommunicationLost', { info: { chargingState: 'Idle' } });
	await open(s);
	await stop(s, 'EVDeparted', { stoppedReason: 'Local' });
});

certify('E_20', { ways: WAYS }, async (s) => {
	await s.energyTransferSuspended();
	await s.evDisconnected();
	await endedWhole(s, 'EVDisconnected');
	await evseState(s, 'free');
});

certify('E_21', { ways: WAYS }, async (s) => {
	await s.energyTransferStarted();
	const [q, k] = await exchange(s, 'RequestStopTransaction', { transactionId: s.tx.id }, { status: 'Accepted' });
	assert.equal(q.transactionId, s.tx.id);
	await goesOn(k);
	await stop(s, 'RemoteStop', { stoppedReason: 'Remote' });
	await ended(k);
});

certify('E_22', { ways: WAYS }, async (s) => {
	await s.energyTransferStarted();
	await stop(s, 'ChargingStateChanged', { chargingState: 'SuspendedEV', stoppedReason: 'StoppedByEV' });
});

certify('E_39', {}, async (s) => {
	await s.authorized();
	await stop(s, 'EVConnectTimeout', { stoppedReason: 'Timeout' });
});

// -- E10: unplugged at the van's side, and plugged in again ---------------------------------------

certify('E_26', { ways: WAYS }, async (s) => {
	await s.energyTransferSuspended();
	await s.event('Updated', 'EVCommunicationLost', { info: { chargingState: 'Idle' } });
	await s.status('Available', EVSE.id, EVSE.connectorId);
	await open(s);
	await s.event('Updated', 'CablePluggedIn', { info: { chargingState: 'EVConnected' } });
	await charges(s);
	await open(s, { evse: 1 });
	await evseState(s, 'charging');
});

// -- E14: the state of a transaction, and what is queued ------------------------------------------

/** The connection is lost while it charges, and comes back. */
async function lostWhileCharging(s) {
	await s.energyTransferStarted();
	await s.close();
	await until('it to be gone', async () => !(await view(s)).connected);
	await s.connect();
	await until('it to be back', async () => (await view(s)).connected);
}

/** A queued event with readings that were taken while nobody could hear them. */
const queued = (s, wh) => s.event('Updated', 'MeterValuePeriodic', { offline: true, meterValue: meterValue(wh) });

/** Asks for the status; the station answers so. */
async function ask(s, transactionId, answer) {
	const [q, k] = await exchange(s, 'GetTransactionStatus', transactionId ? { transactionId } : {}, answer);
	assert.equal(q.transactionId, transactionId);
	assert.deepEqual((await ended(k)).response, answer, 'the operator is shown the answer');
}

certify('E_29', { ways: WAYS }, async (s) => {
	await lostWhileCharging(s);
	await ask(s, s.tx.id, { ongoingIndicator: true, messagesInQueue: true });
	await queued(s, 1200);
	await open(s, { complete: false, end_wh: 1200 });
});

certify('E_30', { ways: WAYS }, async (s) => {
	await s.energyTransferStarted();
	await ask(s, s.tx.id, { ongoingIndicator: true, messagesInQueue: false });
	await open(s);
});

certify('E_31', { ways: WAYS }, async (s) => {
	await lostWhileCharging(s);
	await s.status('Available', EVSE.id, EVSE.connectorId);
	const { id, seqNo } = s.tx;
	s.tx.seqNo += 2; // the two in between are still queued
	await s.end('EVCommunicationLost', { chargingState: 'Idle', stoppedReason: 'EVDisconnected' }, { offline: true });
	assert.equal((await transaction(s, id)).complete, false, 'two events are missing');
	await ask(s, id, { ongoingIndicator: false, messagesInQueue: true });
	const late = (n, triggerReason, info = {}, more = {}) => s.call('TransactionEvent', {
		eventType: 'Updated', triggerReason, timestamp: now(), seqNo: seqNo + n, offline: true,
		transactionInfo: { transactionId: id, ...info }, ...more,
	});
	const r = await late(0, 'StopAuthorized', {}, { idToken: s.token });
	assert.equal(r.idTokenInfo?.status, 'Accepted');
	await late(1, 'ChargingStateChanged', { chargingState: 'EVConnected' });
	await endedWhole(s, 'EVDisconnected');
	await evseState(s, 'free');
});

certify('E_33', { ways: WAYS }, async (s) => {
	await lostWhileCharging(s);
	await ask(s, undefined, { messagesInQueue: true });
	await queued(s, 1200);
	await open(s, { end_wh: 1200 });
});

certify('E_34', {}, async (s) => {
	await ask(s, undefined, { messagesInQueue: false });
});
