// What depotd shows of a transaction right now must not depend on the order in which its events
// come (rules 27, 29, 31), nor on what else comes late.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Depotd } from './harness.mjs';
import { booted } from './peer.mjs';

const EVSES = 10;
const VISITOR = { idToken: '11223344', type: 'ISO14443' };
const VAN_1 = { idToken: 'AABBCCDD', type: 'ISO14443' };
let depotd;
before(async () => {
	depotd = await new Depotd({ config: 'device: {inventory: off}\ncontrol: {reconcile_s: 0}\n' }).start();
});
after(() => depotd.clean());

const begin = Date.now() - 3600000;
const reading = (n, more) => [{ timestamp: new Date(begin + n * 1000).toISOString(), sampledValue: [
	{ value: 1000 + n * 3 }, ...more] }];
const power = (value) => ({ value, measurand: 'Power.Active.Import' });
const soc = (value) => ({ value, measurand: 'SoC', unitOfMeasure: { unit: 'Percent' } });

/** The event n of a transaction: the card first, the EVSE named once, and last the end. */
function event(tx, n, evse, { last = -1, card = VISITOR, states = ['EVConnected', 'Charging', 'SuspendedEV', 'SuspendedEVSE', 'Charging'] } = {}) {
	return {
		eventType: n === 0 ? 'Started' : n === last ? 'Ended' : 'Updated', seqNo: n,
		timestamp: new Date(begin + n * 1000).toISOString(),
		triggerReason: n === 0 ? 'Authorized' : n === 1 ? 'CablePluggedIn' : 'ChargingStateChanged',
		transactionInfo: { transactionId: tx, ...(n > 0 && n !== last && { chargingState: states[(n - 1) % states.length] }) },
		...(n > 1 && { cableMaxCurrent: 10 + n, numberOfPhasesUsed: 1 + n % 3 }),
		...(n === 0 && { idToken: card }),
		...(n === 1 && { evse: { id: evse, connectorId: 1 } }),
		meterValue: reading(n, [power(n * 700), soc(20 + n)]),
	};
}

/** What is shown of the EVSE, without what differs by name. */
async function shown(station, tx) {
	const evses = (await depotd.api('GET', `/stations/${station}`)).json.evses;
	return evses.map(({ id, transaction, connectors, limit_w, limit_at, limit_reason, limit_source, limit_node, rated_since, ...rest }) =>
		({ ...rest, transaction: transaction === tx(id) }));
}

function* orders(list) {
	if (list.length < 2) yield list;
	for (let i = 0; i < list.length; i++)
		for (const rest of orders([...list.slice(0, i), ...list.slice(i + 1)])) yield [list[i], ...rest];
}

/** A generator of whole numbers below n that is the same in every run. */
function dice(seed) {
	return (n) => ((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0), Math.floor((seed / 2 ** 32) * n));
}

describe('the live view', () => {
	test('rules 27, 31: all 720 orders of six events, the card first and the EVSE named once, show the same', async () => {
		const all = [...orders([0, 1, 2, 3, 4, 5])];
		let reference;
		await Promise.all(Array.from({ length: 6 }, async (_, lane) => {
			for (let at = lane * 120; at < (lane + 1) * 120; at += EVSES) {
				const id = `ALL-${at}`;
				const s = await booted(depotd, id, { registration: { evses: EVSES } });
				for (let k = 0; k < EVSES; k++)
					for (const n of all[at + k]) await s.call('TransactionEvent', event(`t${k + 1}`, n, k + 1));
				for (const [k, v] of (await shown(id, (e) => `t${e}`)).entries()) {
					reference ??= v;
					assert.deepEqual(v, reference, `order ${all[at + k]}`);
				}
				await s.close();
			}
		}));
		assert.equal(reference.transaction, true);
		assert.equal(reference.state, 'charging');
		assert.equal(reference.power_w, 3500);
		assert.equal(reference.soc_pct, 25);
		assert.deepEqual([reference.cable_max_a, reference.phases_used], [15, 3]);
	});

	test('rules 27, 31: each order makes the van known by the card that came before its EVSE', async () => {
		for (const [i, order] of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].entries()) {
			const s = await booted(depotd, `CARD-${i}`);
			for (const n of order) await s.call('TransactionEvent', event('card', n, 1, { card: VAN_1 }));
			const e = (await depotd.api('GET', `/stations/CARD-${i}`)).json.evses[0];
			assert.equal(e.vehicle, 'VAN-1', `order ${order}: ${JSON.stringify(e)}`);
			await s.call('TransactionEvent', event('card', 3, 1, { last: 3 }));
			await s.close();
		}
	});

	test('rule 31: the card survives a restart of depotd before the cable comes', async () => {
		let s = await booted(depotd, 'CARD-R');
		await s.call('TransactionEvent', event('again', 0, 1, { card: VAN_1 }));
		await depotd.stop();
		await depotd.start();
		s = await booted(depotd, 'CARD-R');
		await s.call('TransactionEvent', event('again', 1, 1));
		const e = (await depotd.api('GET', '/stations/CARD-R')).json.evses[0];
		assert.deepEqual([e.transaction, e.vehicle], ['again', 'VAN-1']);
		await s.call('TransactionEvent', event('again', 2, 1, { last: 2 }));
		await s.close();
	});

	test('rule 27: random lists with duplicates and gaps show what the same list shows in order', async () => {
		const roll = dice(27);
		for (let round = 0; round < 12; round++) {
			const id = `GAP-${round}`;
			const last = 8 + roll(6);
			const list = Array.from({ length: last + 1 }, (_, n) => n).filter((n) => n < 2 || n === last || roll(4));
			const s = await booted(depotd, id, { registration: { evses: EVSES } });
			for (let k = 1; k <= EVSES; k++) {
				const mixed = k === 1 ? list : [...list, ...list.filter(() => roll(3) === 0)];
				for (let i = mixed.length - 1; k > 1 && i > 0; i--) {
					const j = roll(i + 1);
					[mixed[i], mixed[j]] = [mixed[j], mixed[i]];
				}
				for (const n of mixed) await s.call('TransactionEvent', event(`t${k}`, n, k, { last: round % 2 ? last : -1 }));
			}
			const got = await shown(id, (e) => `t${e}`);
			for (const v of got) {
				assert.deepEqual(v, got[0], `round ${round}: ${list}`);
			}
			for (let k = 2; k <= EVSES; k++) {
				const [a, b] = await Promise.all([1, k].map(async (n) =>
					(await depotd.api('GET', `/transactions/${id}/t${n}`)).json.transaction));
				assert.deepEqual([b.state, b.events, b.complete, b.energy_wh], [a.state, a.events, a.complete, a.energy_wh]);
			}
			await s.close();
		}
	});

	test('rule 29: the next transaction is live at once, and late events of the one before never bring it back', async () => {
		const s = await booted(depotd, 'NEXT-1');
		const at = (seconds) => new Date(begin + seconds * 1000).toISOString();
		const say = (tx, eventType, seqNo, seconds, more = {}) => s.call('TransactionEvent', {
			eventType, seqNo, timestamp: at(seconds), triggerReason: 'ChargingStateChanged',
			transactionInfo: { transactionId: tx, chargingState: 'Charging' }, evse: { id: 1, connectorId: 1 }, ...more });
		const live = async () => (await depotd.api('GET', '/stations/NEXT-1')).json.evses[0].transaction;
		await say('one', 'Started', 0, 0);
		await say('one', 'Updated', 1, 100);
		await say('two', 'Started', 0, 90); // overlaps: began after `one` began
		assert.equal(await live(), 'two');
		await say('one', 'Updated', 2, 110);
		await say('one', 'Ended', 3, 120);
		assert.equal(await live(), 'two');
		assert.equal((await depotd.api('GET', '/transactions/NEXT-1/one')).json.transaction.state, 'ended');
		await say('two', 'Ended', 1, 130);
		await say('three', 'Started', 0, 125); // its begin overlaps the end of `two`
		assert.equal(await live(), 'three');
		await say('zero', 'Started', 0, -100, { offline: true }); // of before all of them
		await say('zero', 'Ended', 1, -50, { offline: true });
		assert.equal(await live(), 'three');
		await s.close();
	});

	test('a Started that is told as it happens is the present, also by a clock that was set back', async () => {
		const s = await booted(depotd, 'LIVE-BACK');
		const send = (tx, eventType, seqNo, ago, more) => s.call('TransactionEvent', { eventType, seqNo, triggerReason: 'CablePluggedIn',
			timestamp: new Date(Date.now() - ago * 1000).toISOString(),
			transactionInfo: { transactionId: tx, ...(eventType !== 'Ended' && { chargingState: 'Charging' }) }, evse: { id: 1, connectorId: 1 }, ...more });
		const evse = async () => (await depotd.api('GET', '/stations/LIVE-BACK')).json.evses[0];
		await send('back-1', 'Started', 0, 60);
		await send('back-1', 'Ended', 1, 1);
		await send('back-2', 'Started', 0, 7200, { idToken: VISITOR });
		await send('back-2', 'Updated', 1, 7190, { meterValue: [{ timestamp: new Date(Date.now() - 7190e3).toISOString(), sampledValue: [power(7000)] }] });
		assert.equal((await evse()).transaction, 'back-2');
		assert.equal((await evse()).power_w, 7000);
		/* … but not one that was kept while the station was offline */
		await send('back-2', 'Ended', 2, 0);
		await send('back-0', 'Started', 0, 9000, { offline: true });
		assert.notEqual((await evse()).transaction, 'back-0');
		await s.close();
	});

	test('of two open transactions of one card the one that began last has the van, also over a restart; the other when it ends', async () => {
		const d = await new Depotd({ config: 'device: {inventory: off}\ncontrol: {reconcile_s: 0}\n' }).start();
		try {
			const open = async (id) => booted(d, id);
			const a = await open('TWO-A'), b = await open('TWO-B');
			const send = (s, tx, eventType, seqNo, ago) => s.call('TransactionEvent', { eventType, seqNo, triggerReason: 'Authorized',
				timestamp: new Date(Date.now() - ago * 1000).toISOString(), idToken: VAN_1,
				transactionInfo: { transactionId: tx }, evse: { id: 1, connectorId: 1 } });
			const van = async (id) => (await d.api('GET', `/stations/${id}`)).json.evses[0].vehicle;
			await send(a, 'two-old', 'Started', 0, 7200);
			await send(b, 'two-new', 'Started', 0, 60);
			assert.deepEqual([await van('TWO-A'), await van('TWO-B')], [undefined, 'VAN-1']);
			await d.stop();
			await d.start();
			assert.deepEqual([await van('TWO-A'), await van('TWO-B')], [undefined, 'VAN-1']);
			const again = await open('TWO-B');
			await send(again, 'two-new', 'Ended', 1, 0);
			assert.deepEqual([await van('TWO-A'), await van('TWO-B')], ['VAN-1', undefined]);
			await again.close();
		} finally {
			await d.clean();
		}
	});
});
