// Certification cases of a CSMS, block J: meter values.
import assert from 'node:assert/strict';
import { block, certify, endedWhole, get, stored, transaction, until, view } from './harness.mjs';
import { now, WAYS } from './station.mjs';

block();

const ROUNDS = 3;
const STEP_MS = 900000; // the interval, in the stations' time

/** The time of round `i`: the last one is now. */
const at = (i, rounds = ROUNDS) => new Date(Date.now() - (rounds - 1 - i) * STEP_MS).toISOString();

const SIGNED = {
	signedMeterData: Buffer.from('OCMF|{"RV":"1.234"}|{"SD":"30450220"}').toString('base64'),
	signingMethod: 'ECDSA-secp256r1-SHA256', encodingMethod: 'OCMF',
	publicKey: Buffer.from('3059301306072A8648CE3D0201').toString('base64'),
};

function register(wh, context, signedMeterValue) {
	return {
		value: wh, context, measurand: 'Energy.Active.Import.Register', location: 'Outlet',
		unitOfMeasure: { unit: 'Wh' }, ...(signedMeterValue && { signedMeterValue }),
	};
}

const power = (w, context) => ({ value: w, context, measurand: 'Power.Active.Import', unitOfMeasure: { unit: 'W' } });

/** What an idle EVSE (0: the grid connection) measured on the clock, in the station's way. */
function clockAligned(s, evseId, i, w) {
	const timestamp = at(i);
	if (s.way === WAYS[0])
		return s.call('MeterValues', {
			evseId, meterValue: [{ timestamp, sampledValue: [register(1000 * i, 'Sample.Clock'), power(w, 'Sample.Clock')] }],
		});
	return s.call('NotifyEvent', {
		generatedAt: timestamp, seqNo: 0, tbc: false,
		eventData: [{
			eventId: ++s.number, timestamp, trigger: 'Periodic', actualValue: String(w),
			eventNotificationType: 'CustomMonitor', variableMonitoringId: 7,
			component: { name: 'FiscalMetering', ...(evseId && { evse: { id: evseId } }) },
			variable: { name: 'Power' },
		}],
	});
}

/** What it measured last is shown, in the live view or as the variable that it is of. */
async function clockShown(s, evse, w) {
	if (s.way !== WAYS[0]) {
		assert.equal(await stored(s, 'FiscalMetering', 'Power', evse), String(w));
		return;
	}
	const { points } = await get(`/points?prefix=evse/${s.id}/${evse}/`);
	const value = (name) => points.find((p) => p.name === `evse/${s.id}/${evse}/${name}`)?.value;
	const names = evse ? ['power_w', 'import_wh'] : points.map((p) => p.name.split('/')[3]).sort().reverse();
	assert.deepEqual(names.map(value), [w, 1000 * (ROUNDS - 1)], JSON.stringify(points));
	if (evse) assert.equal((await view(s)).evses[evse - 1].power_w, w);
}

certify('J_01', { ways: WAYS }, async (s) => {
	for (let i = 0; i < ROUNDS; i++)
		for (let evse = 0; evse <= s.evses; evse++)
			assert.deepEqual(await clockAligned(s, evse, i, 40 + evse), {});
	for (let evse = 0; evse <= s.evses; evse++) await clockShown(s, evse, 40 + evse);
});

/** A transaction's own values, in a TransactionEvent. */
const sampled = (s, triggerReason, timestamp, sampledValue) => s.event('Updated', triggerReason, {
	timestamp, info: { chargingState: 'Charging' }, meterValue: [{ timestamp, sampledValue }],
});

certify('J_02', { ways: WAYS }, async (s) => {
	await s.energyTransferStarted();
	for (let i = 0; i < ROUNDS; i++) {
		assert.deepEqual(await clockAligned(s, 0, i, 40), {});
		assert.deepEqual(await clockAligned(s, 2, i, 42), {});
		await sampled(s, 'MeterValueClock', now(), [register(5000 + 100 * i, 'Sample.Clock'), power(9000 + i, 'Sample.Clock')]);
	}
	const [first, second] = (await view(s)).evses;
	assert.equal(first.power_w, 9002);
	if (s.way === WAYS[0]) assert.equal(second.power_w, 42);
	await clockShown(s, 0, 40);
	await clockShown(s, 2, 42);
	assert.equal((await transaction(s)).energy_wh, 200);
});

/** The values of a transaction that come with its end: some of the interval, then the last. */
const atEnd = (context, signed) => [0, 1, 2].map((i) => ({
	timestamp: at(i, 4), sampledValue: [register(5000 + 100 * i, context, signed)],
})).concat({ timestamp: now(), sampledValue: [register(5400, 'Transaction.End', signed)] });

/** Ends a transaction with these values; they are in its energy and, whole, in the journal. */
async function endsWith(s, context, signed) {
	await s.energyTransferStarted();
	await s.evDisconnected({ meterValue: atEnd(context, signed) });
	const t = await endedWhole(s, 'EVDisconnected');
	assert.equal(t.energy_wh, 400);
	assert.equal(t.end_wh, 5400);
	if (!signed) return;
	await until('the signed data, as it came', async () => {
		const { frames } = await get(`/wire?station=${s.id}&action=TransactionEvent&text=${SIGNED.signedMeterData}`);
		return frames.some((f) => f.text.includes(SIGNED.publicKey));
	});
}

certify('J_03', { ways: WAYS }, (s) => endsWith(s, 'Sample.Clock'));
certify('J_04', { ways: WAYS }, (s) => endsWith(s, 'Sample.Clock', SIGNED));

const begin = (wh) => ({ meterValue: [{ timestamp: now(), sampledValue: [register(wh, 'Transaction.Begin')] }] });

certify('J_07', { ways: WAYS }, async (s) => {
	await s.evConnected(undefined, begin(1234));
	const t = await transaction(s);
	assert.equal(t.begin_wh, 1234);
	assert.equal(t.evse, 1);
});

certify('J_08', { ways: WAYS }, async (s) => {
	await s.authorized();
	await s.evConnected(undefined, begin(1234)); // rule 31: only now the EVSE is known
	await s.energyTransferStarted();
	const t = await transaction(s);
	assert.equal(t.begin_wh, 1234);
	assert.equal(t.evse, 1);
	assert.equal((await view(s)).evses[0].transaction, t.id);
});

certify('J_09', { ways: WAYS }, async (s) => {
	await s.energyTransferStarted();
	for (let i = 0; i < ROUNDS; i++)
		await sampled(s, 'MeterValuePeriodic', now(), [register(700 + 10 * i, 'Sample.Periodic'), power(7000 + i, 'Sample.Periodic')]);
	assert.equal((await transaction(s)).energy_wh, 20);
	assert.equal((await view(s)).evses[0].power_w, 7002);
});

certify('J_10', { ways: WAYS }, (s) => endsWith(s, 'Sample.Periodic'));
certify('J_11', { ways: WAYS }, (s) => endsWith(s, 'Sample.Periodic', SIGNED));
