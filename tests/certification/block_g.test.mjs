// Certification cases of a CSMS, block G: availability.
import assert from 'node:assert/strict';
import { block, certify, ended, exchange, get, goesOn, pathOf, shows, until } from './harness.mjs';
import { EVSE_WAYS, now, WAYS } from './station.mjs';

block();

const EVSE = { id: 1 };
const CONNECTOR = { id: 1, connectorId: 1 };

/** Asks for an availability and checks that just this was sent; the command. */
async function change(s, operationalStatus, evse, status = 'Accepted') {
	const [q, k] = await exchange(s, 'ChangeAvailability', { operationalStatus, ...(evse && { evse }) }, { status });
	assert.deepEqual(q, { operationalStatus, ...(evse && { evse }) });
	await goesOn(k); // rule 36: neither answer is the end, the status is
	return k;
}

/** The connectors that belong to `evse` (all without it) take the status. */
function report(s, status, evse) {
	return evse ? s.status(status, evse.id, evse.connectorId ?? 1) : s.statuses(status);
}

async function showsAll(s, status, evse) {
	for (let e = 1; e <= s.evses; e++)
		await shows(s, !evse || evse.id === e ? status : 'Available', e);
}

/** The reusable state Unavailable, of an EVSE, a connector or the whole station. */
async function unavailable(s, evse) {
	const k = await change(s, 'Inoperative', evse);
	await report(s, 'Unavailable', evse);
	await ended(k);
	await showsAll(s, 'Unavailable', evse);
}

async function operative(s, evse) {
	const k = await change(s, 'Operative', evse);
	await report(s, 'Available', evse);
	await ended(k);
	await showsAll(s, 'Available', evse);
}

certify('G_03', { ways: EVSE_WAYS }, (s) => unavailable(s, EVSE));

certify('G_04', { ways: EVSE_WAYS }, async (s) => {
	await unavailable(s, EVSE);
	await operative(s, EVSE);
});

certify('G_05', { ways: WAYS }, (s) => unavailable(s));

certify('G_06', { ways: WAYS }, async (s) => {
	await unavailable(s);
	await operative(s);
});

certify('G_07', { ways: WAYS }, (s) => unavailable(s, CONNECTOR));

certify('G_08', { ways: WAYS }, async (s) => {
	await unavailable(s, CONNECTOR);
	await operative(s, CONNECTOR);
});

/** Inoperative while a transaction runs: Scheduled, and over when the vehicle has left. */
async function scheduled(s, evse) {
	await s.energyTransferStarted();
	const k = await change(s, 'Inoperative', evse, 'Scheduled');
	if (!evse) await s.status('Unavailable', 2); // the EVSE that is free goes at once
	await goesOn(k);
	await shows(s, 'Occupied', 1);
	await s.evDisconnected();
	await goesOn(k);
	await s.status('Unavailable', 1);
	await ended(k);
	await showsAll(s, 'Unavailable', evse);
}

certify('G_11', { ways: EVSE_WAYS }, (s) => scheduled(s, EVSE));
certify('G_14', { ways: WAYS }, (s) => scheduled(s));
certify('G_17', { ways: WAYS }, (s) => scheduled(s, CONNECTOR));

certify('G_20', {}, async (s) => {
	const lock = (actualValue) => s.call('NotifyEvent', {
		generatedAt: now(), seqNo: 0, tbc: false,
		eventData: [{
			eventId: ++s.number, timestamp: now(), trigger: 'Delta', actualValue,
			eventNotificationType: 'HardWiredNotification',
			component: { name: 'ConnectorPlugRetentionLock', evse: CONNECTOR },
			variable: { name: 'Problem' },
		}],
	});
	const open = async () => (await get(`${pathOf(s)}/alerts`)).alerts.some((a) =>
		a.component === 'ConnectorPlugRetentionLock' && a.evse === 1 && a.open);
	assert.deepEqual(await lock('true'), {});
	await until('the problem to be shown', open);
	assert.deepEqual(await lock('false'), {});
	await until('its end', async () => !(await open()));
});
