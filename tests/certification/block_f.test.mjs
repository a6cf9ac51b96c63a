// Certification cases of a CSMS, block F: remote control.
import assert from 'node:assert/strict';
import { block, certify, command, ended, endedWhole, exchange, goesOn, shows, token, transaction, view } from './harness.mjs';
import { meterValue, WAYS } from './station.mjs';

block();

// -- F01, F02: remote start -----------------------------------------------------------------------

/** The operator starts a transaction with the station's card. [request, command] */
async function start(s, answer) {
	const [q, k] = await exchange(s, 'RequestStartTransaction', { evseId: 1, idToken: s.token }, answer);
	assert.deepEqual(q.idToken, s.token);
	assert.equal(k.request_id, q.remoteStartId);
	return [q, k];
}

/** The station does as it was asked: its next event names the number of the request. */
async function remoteStart(s, [q, k], more = {}) {
	await goesOn(k); // Accepted is not the end: nothing has started yet
	const r = await s.event(s.next(), 'RemoteStart',
		{ info: { remoteStartId: q.remoteStartId }, idToken: s.token, ...more });
	assert.equal(r.idTokenInfo?.status, 'Accepted');
	s.state.authorized = true;
	await ended(k);
}

certify('F_01', { ways: WAYS }, async (s) => {
	await s.evConnected();
	const asked = await start(s, { status: 'Accepted', transactionId: s.tx.id });
	await remoteStart(s, asked);
	await s.energyTransferStarted();
	assert.equal((await transaction(s)).token, s.token.idToken);
});

certify('F_02', { ways: WAYS }, async (s) => {
	const asked = await start(s, { status: 'Accepted' });
	assert.equal((await s.call('Authorize', { idToken: s.token })).idTokenInfo.status, 'Accepted');
	await remoteStart(s, asked);
	await s.energyTransferStarted();
	assert.equal((await transaction(s)).state, 'open');
});

certify('F_03', { ways: WAYS }, async (s) => {
	const asked = await start(s, { status: 'Accepted' });
	await remoteStart(s, asked);
	await s.energyTransferStarted();
	assert.equal((await transaction(s)).state, 'open');
});

certify('F_04', {}, async (s) => {
	const asked = await start(s, { status: 'Accepted' });
	await remoteStart(s, asked);
	await s.event('Updated', 'EVConnectTimeout');
	assert.equal((await transaction(s)).state, 'open');
	await s.end('EVConnectTimeout', { stoppedReason: 'Timeout' });
	await endedWhole(s, 'Timeout');
});

// -- F05: unlock ----------------------------------------------------------------------------------

certify('F_06', {}, async (s) => {
	const [q, k] = await exchange(s, 'UnlockConnector', { evseId: 1, connectorId: 1 }, { status: 'Unlocked' });
	assert.deepEqual(q, { evseId: 1, connectorId: 1 });
	assert.equal((await ended(k)).status, 'Unlocked');
});

// -- F06: trigger ---------------------------------------------------------------------------------

/** The operator triggers a message; `send` sends it. The command ends with it, not before. */
async function trigger(s, requestedMessage, evse, send) {
	const [q, k] = await exchange(s, 'TriggerMessage', { requestedMessage, ...(evse && { evse }) },
		{ status: 'Accepted' }, { wait: 'answer' });
	assert.equal(q.requestedMessage, requestedMessage);
	assert.deepEqual(q.evse, evse);
	await goesOn(k);
	await send(q);
	await ended(k);
}

/** Readings that were asked for, of one EVSE. */
const values = (s, evseId, wh) => s.call('MeterValues', { evseId, meterValue: meterValue(wh, 'Trigger') });

/** What the meters count, as it is shown. */
const counted = async (s) => (await view(s)).evses.map((e) => e.import_wh);

certify('F_11', {}, async (s) => {
	await trigger(s, 'MeterValues', { id: 1 }, () => values(s, 1, 5000));
	assert.deepEqual(await counted(s), [5000, undefined]);
});

certify('F_12', {}, async (s) => {
	await trigger(s, 'MeterValues', undefined, async () => {
		for (let id = 1; id <= s.evses; id++) await values(s, id, 1000 * id);
	});
	assert.deepEqual(await counted(s), [1000, 2000]);
});

/** What the triggered event told is stored and shown. */
async function told(s, evse) {
	assert.equal((await transaction(s)).end_wh, 700);
	assert.equal((await view(s)).evses[evse - 1].power_w, 7000);
}

const triggered = (s, more = {}) => s.event('Updated', 'Trigger',
	{ info: { chargingState: 'Charging' }, meterValue: meterValue(700, 'Trigger', { power: 7000 }), ...more });

certify('F_13', { ways: WAYS }, async (s) => {
	await s.energyTransferStarted();
	await trigger(s, 'TransactionEvent', { id: 1 }, () => triggered(s, { evse: { id: 1 } }));
	assert.equal((await transaction(s)).complete, false, 'not ended');
	await told(s, 1);
});

certify('F_14', { ways: WAYS }, async (s) => {
	const second = await token(`${s.token.idToken}2`.slice(-36));
	await s.energyTransferStarted();
	const one = s.putAside();
	await s.energyTransferStarted({ token: second, evse: { id: 2, connectorId: 1 } });
	const two = s.putAside();
	await trigger(s, 'TransactionEvent', undefined, async () => {
		for (const t of [one, two]) {
			s.takeUp(t);
			await triggered(s);
		}
	});
	for (const [i, t] of [one, two].entries()) {
		s.takeUp(t);
		await told(s, i + 1);
	}
});

certify('F_15', {}, async (s) => {
	await trigger(s, 'LogStatusNotification', undefined, () => s.call('LogStatusNotification', { status: 'Idle' }));
});

certify('F_18', {}, async (s) => {
	await trigger(s, 'FirmwareStatusNotification', undefined,
		() => s.call('FirmwareStatusNotification', { status: 'Idle' }));
});

certify('F_20', {}, async (s) => {
	await trigger(s, 'Heartbeat', undefined, async () => {
		const r = await s.call('Heartbeat', {});
		assert.ok(Math.abs(Date.parse(r.currentTime) - Date.now()) < 60000);
	});
});

certify('F_23', { ways: WAYS }, async (s) => {
	await trigger(s, 'StatusNotification', { id: 1, connectorId: 1 }, () => s.status('Available'));
	await shows(s, 'Available');
});

certify('F_24', { ways: WAYS }, async (s) => {
	await s.status('Occupied');
	await trigger(s, 'StatusNotification', { id: 1, connectorId: 1 }, () => s.status('Occupied'));
	await shows(s, 'Occupied');
});

certify('F_27', {}, async (s) => {
	const [, k] = await exchange(s, 'TriggerMessage', { requestedMessage: 'SignV2GCertificate' }, { status: 'NotImplemented' });
	await ended(k, 'refused');
	assert.equal((await command(k)).status, 'NotImplemented');
});
