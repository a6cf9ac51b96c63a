// Price and cost (I01 to I03, I06): told in answers or by CostUpdated, kept when a transaction ended.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Depotd, until } from './harness.mjs';
import { booted } from './peer.mjs';

const depot = (price) => `
depot: test
name: Test depot
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 60000}
${price ? `charge_price: ${price}` : ''}
`;

const ago = (s) => new Date(Date.now() - s * 1000).toISOString();

async function depotd(t, price) {
	const d = await new Depotd({ depot: depot(price) }).start();
	t.after(() => d.clean());
	assert.equal((await d.api('PUT', '/tokens/ISO14443/CARD', { message: 'Hello Anna', language: 'en' })).status, 200);
	return d;
}

/** One TransactionEvent, `s` seconds ago, with the import register at `wh`. */
function event(st, tx, seqNo, eventType, { s = 0, wh, token, ...info } = {}) {
	return st.call('TransactionEvent', {
		eventType, timestamp: ago(s), triggerReason: token ? 'Authorized' : 'MeterValuePeriodic', seqNo,
		transactionInfo: { transactionId: tx, ...info }, evse: { id: 1, connectorId: 1 },
		...(token && { idToken: { idToken: token, type: 'ISO14443' } }),
		...(wh !== undefined && { meterValue: [{ timestamp: ago(s), sampledValue: [{ value: wh }] }] }),
	});
}

const view = async (d, st, tx) => (await d.api('GET', `/transactions/${st}/${tx}`)).json.transaction;

test('rule 33: the cost so far and the final one are in the answers; unknown is absent', async (t) => {
	const d = await depotd(t, '{currency: EUR, energy_price_kwh: 0.30, start_fee: 0.5, text: "0.30 a kWh"}');
	const s = await booted(d, 'CP-1');
	const info = (await s.call('Authorize', { idToken: { idToken: 'CARD', type: 'ISO14443' } })).idTokenInfo;
	assert.deepEqual(info.personalMessage, { format: 'UTF8', language: 'en', content: 'Hello Anna\n0.30 a kWh' });
	const unknown = (await s.call('Authorize', { idToken: { idToken: 'NOBODY', type: 'ISO14443' } })).idTokenInfo;
	assert.deepEqual(unknown, { status: 'Unknown' });
	const start = await event(s, 'a', 0, 'Started', { s: 3600, token: 'CARD' });
	assert.equal(start.totalCost, undefined);
	/* nothing measured yet: not known, which is not free */
	assert.equal((await event(s, 'a', 1, 'Updated', { s: 3500 })).totalCost, undefined);
	assert.equal((await event(s, 'a', 2, 'Updated', { s: 3400, wh: 100000 })).totalCost, 0.5);
	assert.equal((await event(s, 'a', 3, 'Updated', { s: 1800, wh: 105000 })).totalCost, 2);
	assert.equal((await view(d, 'CP-1', 'a')).cost, 2);
	const evse = (await d.api('GET', '/stations/CP-1')).json.evses[0];
	assert.deepEqual([evse.cost, evse.currency], [2, 'EUR']);
	const end = await event(s, 'a', 4, 'Ended', { wh: 110000, stoppedReason: 'Local' });
	assert.equal(end.totalCost, 3.5);
	/* told again, it is the same; and kept */
	assert.equal((await event(s, 'a', 4, 'Ended', { wh: 110000, stoppedReason: 'Local' })).totalCost, 3.5);
	const kept = async () => {
		const v = await view(d, 'CP-1', 'a');
		assert.deepEqual([v.cost, v.currency], [3.5, 'EUR']);
	};
	await kept();
	await d.stop();
	await d.start();
	await kept();
});

test('I06: words that changed are told in the next answer, once', async (t) => {
	const d = await depotd(t, '{currency: EUR, energy_price_kwh: 0.30, text: "0.30 a kWh"}');
	const s = await booted(d, 'CP-1');
	await event(s, 'a', 0, 'Started', { s: 60, wh: 1000, token: 'CARD' });
	assert.equal((await event(s, 'a', 1, 'Updated', { s: 50, wh: 1000 })).updatedPersonalMessage, undefined);
	await d.api('PUT', '/tokens/ISO14443/CARD', { message: 'Cheaper now' });
	const news = await event(s, 'a', 2, 'Updated', { s: 40, wh: 1000 });
	assert.equal(news.updatedPersonalMessage.content, 'Cheaper now\n0.30 a kWh');
	assert.equal((await event(s, 'a', 3, 'Updated', { s: 30, wh: 1000 })).updatedPersonalMessage, undefined);
});

test('I02: CostUpdated goes no more often than the depot says, and ends where it is not offered', async (t) => {
	const d = await depotd(t, '{currency: EUR, energy_price_kwh: 1, running: message, message_every_s: 10}');
	const s = await booted(d, 'CP-1');
	const told = () => s.calls.filter((m) => m[2] === 'CostUpdated').map((m) => m[3]);
	s.handlers.CostUpdated = () => ({});
	await event(s, 'a', 0, 'Started', { s: 600, wh: 1000, token: 'CARD' });
	for (let i = 1; i < 5; i++) {
		const r = await event(s, 'a', i, 'Updated', { s: 600 - i * 100, wh: 1000 + i * 1000 });
		assert.equal(r.totalCost, undefined);
	}
	await until('the first', () => told().length);
	assert.equal(told().length, 1);
	assert.equal(told()[0].transactionId, 'a');
	assert.equal((await event(s, 'a', 5, 'Ended', { wh: 6000 })).totalCost, 5);
	/* one that does not know it is not asked again */
	s.handlers.CostUpdated = (q, m) => [4, m[1], 'NotImplemented', '', {}];
	for (const tx of ['b', 'c']) {
		await event(s, tx, 0, 'Started', { wh: 6000 });
		await event(s, tx, 1, 'Updated', { wh: 6010 });
		await event(s, tx, 2, 'Ended', { wh: 6020 });
		await until('the refusal', async () => (await d.api('GET',
			'/commands?action=CostUpdated&state=refused')).json.commands.length === 1);
	}
	assert.equal(told().length, 2);
});

test('rule 33: free is 0.00; without a charge price nothing is said', async (t) => {
	const d = await depotd(t, '{currency: EUR, energy_price_kwh: 0}');
	const s = await booted(d, 'CP-1');
	await event(s, 'a', 0, 'Started', { s: 60, token: 'CARD' });
	assert.equal((await event(s, 'a', 1, 'Ended')).totalCost, 0);
	const none = await depotd(t);
	const u = await booted(none, 'CP-1');
	await event(u, 'a', 0, 'Started', { s: 60, wh: 0, token: 'CARD' });
	assert.equal((await event(u, 'a', 1, 'Ended', { wh: 100 })).totalCost, undefined);
	assert.equal((await view(none, 'CP-1', 'a')).cost, undefined);
});
