// Certification cases of a CSMS, block O: display messages.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { block, certify, ended, exchange, get, goesOn, pathOf, until } from './harness.mjs';

block();

const minutes = (n) => new Date(Math.round(Date.now() / 1000 + n * 60) * 1000).toISOString();

let number = 500;

/** A message for the display. */
const message = (more = {}) => ({
	id: ++number, priority: 'InFront', message: { format: 'UTF8', language: 'nl', content: 'Laadpaal 3: welkom' },
	...(!more.transactionId && { state: 'Idle' }), ...more,
});

const plain = (x) => JSON.parse(JSON.stringify(x), (k, v) => /DateTime$/.test(k) ? Date.parse(v) : v);

/** Sets a message; checks that just this was sent. The message as sent. */
async function set(s, m, status = 'Accepted') {
	// depotd asks back about a transaction that it does not know
	const more = status === 'UnknownTransaction' ? { force: true } : {};
	const [q, k] = await exchange(s, 'SetDisplayMessage', { message: m }, { status }, more);
	assert.deepEqual(plain(q), plain({ message: m }));
	const end = await ended(k, status === 'Accepted' ? 'done' : 'refused');
	assert.equal(end.status, status);
	return m;
}

const displays = async (s) => (await get(`${pathOf(s)}/displays`)).displays;

/** The operator is shown the message `m`, as it is. */
function shown(s, m) {
	return until(`message ${m.id} to be shown`, async () =>
		(await displays(s)).some((d) => d.id === m.id && isDeepStrictEqual(plain(d.message), plain(m))));
}

const none = (s) => until('no message', async () => (await displays(s)).length === 0);

/** Asks for messages, answered with `messages`, in one part each. */
async function list(s, criteria, messages) {
	const status = messages.length ? 'Accepted' : 'Unknown';
	const [q, k] = await exchange(s, 'GetDisplayMessages', criteria, { status });
	const { requestId, ...rest } = q;
	assert.ok(Number.isInteger(requestId));
	assert.deepEqual(rest, criteria);
	for (const [i, m] of messages.entries()) {
		await goesOn(k);
		assert.deepEqual(await s.call('NotifyDisplayMessages', {
			requestId, tbc: i + 1 < messages.length, messageInfo: [m],
		}), {});
	}
	await ended(k);
	return q;
}

certify('O_01', {}, async (s) => shown(s, await set(s, message())));

certify('O_02', {}, async (s) => {
	const all = [await set(s, message()), message({ id: 900, priority: 'AlwaysFront', state: 'Charging' })];
	await list(s, {}, all); // the second is none of ours
	for (const m of all) await shown(s, m);
});

certify('O_03', {}, async (s) => {
	await set(s, message());
	await list(s, {}, []);
	await none(s);
});

certify('O_04', {}, async (s) => {
	const m = await set(s, message());
	await list(s, {}, [m]);
	const [q, k] = await exchange(s, 'ClearDisplayMessage', { id: m.id }, { status: 'Accepted' });
	assert.deepEqual(q, { id: m.id });
	await ended(k);
	await none(s);
});

certify('O_05', {}, async (s) => {
	const [q, k] = await exchange(s, 'ClearDisplayMessage', { id: 4711 }, { status: 'Unknown' });
	assert.deepEqual(q, { id: 4711 });
	assert.equal((await ended(k, 'refused')).status, 'Unknown');
});

certify('O_06', {}, async (s) => {
	await s.energyTransferStarted();
	const m = await set(s, message({ transactionId: s.tx.id }));
	await shown(s, m);
	await s.evDisconnected();
	// O02.FR.02: the station takes it away with the transaction, and says nothing of it
	await none(s);
});

certify('O_07', {}, async (s) => {
	const m = await set(s, message());
	await list(s, { id: [m.id] }, [m]);
	await shown(s, m);
});

certify('O_08', {}, async (s) => {
	const m = await set(s, message({ priority: 'AlwaysFront' }));
	const other = await set(s, message());
	await list(s, { priority: 'AlwaysFront' }, [m]);
	await shown(s, m);
	await shown(s, other); // a part of the messages does not replace the others
});

certify('O_09', {}, async (s) => {
	const m = await set(s, message({ state: 'Faulted' }));
	await list(s, { state: 'Faulted' }, [m]);
	await shown(s, m);
});

certify('O_10', {}, async (s) => {
	await s.energyTransferStarted();
	await set(s, message({ transactionId: randomUUID() }), 'UnknownTransaction');
	assert.deepEqual(await displays(s), []);
});

certify('O_11', {}, async (s) => {
	const m = await set(s, message());
	await list(s, { id: [m.id + 1] }, []);
	await shown(s, m);
});

certify('O_12', {}, async (s) => {
	const m = await set(s, message());
	const other = await set(s, message({
		id: m.id, priority: 'NormalCycle', message: { format: 'ASCII', content: 'Out of order from 8 to 9' },
	}));
	assert.equal(other.id, m.id);
	await shown(s, other);
	assert.equal((await displays(s)).length, 1);
});

certify('O_13', {}, async (s) => {
	await shown(s, await set(s, message({ startDateTime: minutes(10) })));
});

certify('O_14', {}, async (s) => {
	await shown(s, await set(s, message({ endDateTime: minutes(10) })));
});

certify('O_17', {}, (s) => set(s, message({ priority: 'AlwaysFront' }), 'NotSupportedPriority'));
certify('O_18', {}, (s) => set(s, message({ state: 'Unavailable' }), 'NotSupportedState'));
certify('O_19', {}, (s) => set(s, message({ message: { format: 'HTML', content: '<b>Hoi</b>' } }), 'NotSupportedMessageFormat'));
certify('O_25', {}, async (s) => shown(s, await set(s, message({ state: 'Charging' }))));

certify('O_26', {}, async (s) => {
	await set(s, message({ priority: 'NormalCycle' }), 'Rejected');
	assert.deepEqual(await displays(s), []);
});

certify('O_27', {}, async (s) => {
	await s.energyTransferStarted();
	await shown(s, await set(s, message({ transactionId: s.tx.id, startDateTime: minutes(10) })));
});

certify('O_28', {}, async (s) => {
	await s.energyTransferStarted();
	await shown(s, await set(s, message({ state: 'Charging', transactionId: s.tx.id, endDateTime: minutes(10) })));
});
