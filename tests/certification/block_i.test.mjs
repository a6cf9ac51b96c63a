// Certification cases of a CSMS, block I: tariff and cost.
import assert from 'node:assert/strict';
import { block, certify, endedWhole, ended, get, transaction, until, view } from './harness.mjs';
import { now, WAYS } from './station.mjs';

const EVERY_S = 10;

block({
	depot: `
depot: test
name: Test depot
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 5000000}
charge_price: {currency: EUR, energy_price_kwh: 5, start_fee: 1, running: message, message_every_s: ${EVERY_S}}
`,
});

/** Meter values of a transaction. */
const meter = (wh, context) => ({
	meterValue: [{
		timestamp: now(),
		sampledValue: [{ value: wh, context, measurand: 'Energy.Active.Import.Register', unitOfMeasure: { unit: 'Wh' } }],
	}],
});

/** The driver is told this cost by CostUpdated, and the operator is shown it. */
async function costs(s, came, cost) {
	assert.deepEqual(await came, { totalCost: cost, transactionId: s.tx.id });
	await until(`a cost of ${cost}`, async () =>
		(await transaction(s)).cost === cost && (await view(s)).evses[0].cost === cost);
}

/** A periodic value, no sooner than the cost is told again; its answer does not tell it. */
async function periodic(s, wh, cost) {
	const at = Date.now();
	await until('the interval', () => Date.now() > at + EVERY_S * 1000, 2 * EVERY_S * 1000);
	const came = s.expect('CostUpdated', {});
	const r = await s.event('Updated', 'MeterValuePeriodic', {
		info: { chargingState: 'Charging' }, ...meter(wh, 'Sample.Periodic'),
	});
	assert.equal(r.totalCost, undefined);
	await costs(s, came, cost);
}

certify('I_01', {}, async (s) => {
	const first = s.expect('CostUpdated', {});
	await s.authorized();
	await s.evConnected(undefined, meter(1000, 'Transaction.Begin'));
	await s.energyTransferStarted();
	await costs(s, first, 1);
	await periodic(s, 1200, 2);
	await periodic(s, 1400, 3);
	const { commands } = await get(`/commands?station=${s.id}&action=CostUpdated`);
	assert.equal(commands.length, 3);
	for (const k of commands) await ended(k);
});

certify('I_02', { ways: WAYS }, async (s) => {
	await s.authorized();
	await s.evConnected(undefined, meter(1000, 'Transaction.Begin'));
	await s.evConnectedPostSession();
	const r = await s.evDisconnected(meter(1250, 'Transaction.End'));
	assert.equal(r.totalCost, 2.25); // 1 to begin with, 0.25 kWh at 5.00
	const t = await endedWhole(s, 'EVDisconnected');
	assert.equal(t.cost, 2.25);
});
