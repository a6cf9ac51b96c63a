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
