// Reservations (H01 to H04): asked for, used, expired, removed, cancelled, and over a restart.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Depotd, until } from './harness.mjs';
import { booted } from './peer.mjs';

let d;
before(async () => {
	d = await new Depotd().start();
	for (const [value, body] of [['CARD', { group: 'TEAM' }], ['BAD', { status: 'Blocked' }], ['SOLO', {}]])
		assert.equal((await d.api('PUT', `/tokens/ISO14443/${value}`, body)).status, 200);
});
after(() => d.clean());

const soon = (s = 3600) => new Date(Date.now() + s * 1000).toISOString();
const now = () => new Date().toISOString();

const post = (body) => d.api('POST', '/reservations', { token: 'CARD', expires: soon(), ...body });
const find = async (id) =>
	(await d.api('GET', '/reservations')).json.reservations.find((r) => r.id === id);
const state = (id, want) => until(`state ${want}`, async () => (await find(id))?.state === want);

/** The newest command about reservations that came. */
const last = (s) => s.calls.filter((m) => /Reserv/.test(m[2])).at(-1);

const status = (s, evseId, connectorStatus) =>
	s.call('StatusNotification', { timestamp: now(), connectorStatus, evseId, connectorId: 1 });

test('an EVSE is kept for a token and its group until it is used', async () => {
	const s = await booted(d, 'CP-H1', { registration: { evses: 2 } });
	const r = await post({ station: 'cp-h1', evse: 1 });
	assert.equal(r.status, 200, r.text);
	assert.equal(r.json.state, 'active');
	const sent = last(s);
	assert.equal(sent[2], 'ReserveNow');
	assert.equal(sent[3].id, r.json.id);
	assert.equal(sent[3].evseId, 1);
	assert.deepEqual(sent[3].idToken, { idToken: 'CARD', type: 'ISO14443' });
	assert.deepEqual(sent[3].groupIdToken, { idToken: 'TEAM', type: 'Central' });
	assert.equal(sent[3].connectorType, undefined);
	await status(s, 1, 'Reserved');
	const evse = (await d.api('GET', '/stations/CP-H1')).json.evses[0];
	assert.deepEqual([evse.state, evse.reservation, evse.reserved_for], ['reserved', r.json.id, 'CARD']);
	await s.call('TransactionEvent', {
		eventType: 'Started', timestamp: now(), triggerReason: 'Authorized', seqNo: 0, reservationId: r.json.id,
		transactionInfo: { transactionId: 'h1' }, evse: { id: 1, connectorId: 1 },
		idToken: { idToken: 'CARD', type: 'ISO14443' } });
	await state(r.json.id, 'used');
	assert.equal((await find(r.json.id)).transaction, 'h1');
	assert.equal((await d.api('GET', '/stations/CP-H1')).json.evses[0].reservation, undefined);
	assert.deepEqual((await d.api('GET', '/reservations?state=open&station=CP-H1')).json.reservations, []);
	await s.close();
});

test('any EVSE, or one by its type of connector', async () => {
	const s = await booted(d, 'CP-H2');
	assert.equal((await post({ station: 'CP-H2' })).json.state, 'active');
	assert.equal(last(s)[3].evseId, undefined);
	assert.equal((await post({ station: 'CP-H2', connector_type: 'cCCS2' })).json.state, 'active');
	assert.deepEqual([last(s)[3].evseId, last(s)[3].connectorType], [undefined, 'cCCS2']);
	await s.close();
});

test('what the station says of it: expired, removed, refused, cancelled', async () => {
	const s = await booted(d, 'CP-H3');
	for (const [word, want] of [['Expired', 'expired'], ['Removed', 'removed']]) {
		const { id } = (await post({ station: 'CP-H3', evse: 1 })).json;
		await s.call('ReservationStatusUpdate', { reservationId: id, reservationUpdateStatus: word });
		await state(id, want);
	}
	for (const word of ['Occupied', 'Faulted', 'Unavailable', 'Rejected']) {
		s.handlers.ReserveNow = () => ({ status: word });
		const r = (await post({ station: 'CP-H3', evse: 1 })).json;
		assert.deepEqual([r.state, r.note], ['refused', word]);
	}
	delete s.handlers.ReserveNow;
	const { id } = (await post({ station: 'CP-H3', evse: 1 })).json;
	const gone = await d.api('DELETE', `/reservations/CP-H3/${id}`);
	assert.equal(gone.json.state, 'cancelled', gone.text);
	assert.deepEqual(last(s).slice(2), ['CancelReservation', { reservationId: id }]);
	assert.equal((await d.api('DELETE', `/reservations/CP-H3/${id}`)).status, 404);
	/* H02.FR.01: the station knows it no longer */
	const two = (await post({ station: 'CP-H3', evse: 1 })).json;
	s.handlers.CancelReservation = () => ({ status: 'Rejected' });
	assert.equal((await d.api('DELETE', `/reservations/CP-H3/${two.id}`)).json.state, 'removed');
	await s.close();
});

test('nothing is sent that cannot hold', async () => {
	const s = await booted(d, 'CP-H4');
	for (const [body, code, what] of [
		[{ station: 'CP-NONE' }, 404, /no station/], [{ evse: 2 }, 422, /EVSEs 1 to 1/],
		[{ expires: soon(-5) }, 400, /future/], [{ token: 'NOBODY' }, 422, /Unknown/],
		[{ token: 'BAD' }, 422, /Blocked/], [{ connector_type: 'plug' }, 400, /no word/],
		[{ evse: 1, connector_type: 'cCCS2' }, 422, /not both/], [{ token_type: 'X' }, 400, /no word/]]) {
		const r = await post({ station: 'CP-H4', ...body });
		assert.equal(r.status, code, `${JSON.stringify(body)}: ${r.text}`);
		assert.match(r.json.detail, what);
	}
	assert.deepEqual(s.calls.filter((m) => m[2] === 'ReserveNow'), []);
	await s.close();
	const away = await post({ station: 'CP-H4', evse: 1 });
	assert.equal(away.status, 409);
});

test('a raw ReserveNow is taken down too, and a restart forgets none', async () => {
	const s = await booted(d, 'CP-H5');
	const raw = await d.api('POST', '/stations/CP-H5/commands', { action: 'ReserveNow',
		payload: { id: 77, expiryDateTime: soon(), evseId: 1, idToken: { idToken: 'SOLO', type: 'ISO14443' } } });
	assert.equal(raw.json.state, 'done', raw.text);
	assert.equal((await find(77)).state, 'active');
	await d.stop();
	await d.start();
	await s.connect();
	assert.equal((await find(77)).state, 'active');
	assert.equal((await d.api('GET', '/stations/CP-H5')).json.evses[0].reservation, 77);
	await s.call('ReservationStatusUpdate', { reservationId: 77, reservationUpdateStatus: 'Expired' });
	await state(77, 'expired');
	await s.close();
});

test('a lost answer is unknown, and what comes later settles it', async () => {
	const s = await booted(d, 'CP-H6');
	s.handlers.ReserveNow = () => { s.ws.terminate(); };
	const r = await post({ station: 'CP-H6', evse: 1 });
	assert.equal(r.status, 504, r.text);
	const [mine] = (await d.api('GET', '/reservations?station=CP-H6')).json.reservations;
	assert.equal(mine.state, 'unknown');
	await s.connect();
	await s.call('ReservationStatusUpdate', { reservationId: mine.id, reservationUpdateStatus: 'Removed' });
	await state(mine.id, 'removed');
	await s.close();
});
