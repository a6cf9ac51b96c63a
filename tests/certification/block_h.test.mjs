// Certification cases of a CSMS, block H: reservations.
import assert from 'node:assert/strict';
import { block, certify, ended, exchange, get, shows, token, until, view } from './harness.mjs';
import { WAYS } from './station.mjs';

block({ prepare: () => token('AABBCC01', { group: 'FLEET-1' }) });

/** In `s` seconds; OCPP has no finer time than what survives a second's rounding here. */
const inSeconds = (s) => new Date(Math.ceil(Date.now() / 1000 + s) * 1000).toISOString();

/** Reserves; checks that just this was sent, under a number of depotd's own. [request, command] */
async function reserve(s, more = { evseId: 1 }, status = 'Accepted', expiryDateTime = inSeconds(3600)) {
	const payload = { idToken: s.token, expiryDateTime, ...more };
	const [q, k] = await exchange(s, 'ReserveNow', payload, { status });
	const { id, ...rest } = q;
	assert.ok(Number.isInteger(id) && id >= 0, `its number: ${id}`);
	assert.equal(Date.parse(rest.expiryDateTime), Date.parse(expiryDateTime));
	assert.deepEqual({ ...rest, expiryDateTime }, payload);
	await ended(k, status === 'Accepted' ? 'done' : 'refused');
	return [q, k];
}

/** The reservation as the operator sees it. */
async function seen(s, id) {
	const list = (await get(`/reservations?station=${encodeURIComponent(s.id)}`)).reservations;
	return list.find((r) => r.id === id);
}

const comesTo = (s, id, state) =>
	until(`reservation ${id} ${state}`, async () => (await seen(s, id))?.state === state);

/** EVSE 1 is shown as kept for a reservation and whose it is, or for none. */
const keeps = (s, id, token) => until(`EVSE 1 kept for ${id}`, async () => {
	const e = (await view(s)).evses[0];
	return e.reservation === id && e.reserved_for === token;
});

/** The reusable state Reserved, of EVSE 1. */
async function reserved(s, more) {
	const [q] = await reserve(s, more);
	await s.status('Reserved', 1);
	await shows(s, 'Reserved');
	await comesTo(s, q.id, 'active');
	if (q.evseId) await keeps(s, q.id, s.token.idToken);
	return q;
}

certify('H_01', { ways: WAYS }, async (s) => {
	const q = await reserved(s);
	assert.equal((await seen(s, q.id)).evse, 1);
});

certify('H_07', { ways: WAYS }, async (s) => {
	const [q] = await reserve(s, { evseId: 1 }, 'Accepted', inSeconds(1));
	await s.status('Reserved', 1);
	await shows(s, 'Reserved');
	await until('its end', () => Date.now() > Date.parse(q.expiryDateTime));
	await s.status('Available', 1);
	assert.deepEqual(await s.call('ReservationStatusUpdate', {
		reservationId: q.id, reservationUpdateStatus: 'Expired',
	}), {});
	await shows(s, 'Available');
	await comesTo(s, q.id, 'expired');
	await keeps(s);
});

certify('H_08', { ways: WAYS, station: { evses: 1 } }, async (s) => {
	const [q] = await reserve(s, {});
	await s.status('Reserved', 1); // its only EVSE
	await shows(s, 'Reserved');
	await comesTo(s, q.id, 'active');
});

certify('H_14', { ways: WAYS }, async (s) => {
	const numbers = [];
	for (let e = 1; e <= s.evses; e++) numbers.push((await reserve(s, {}))[0].id);
	assert.equal(new Set(numbers).size, s.evses, 'each has a number of its own');
	await s.statuses('Reserved');
	for (let e = 1; e <= s.evses; e++) await shows(s, 'Reserved', e);
	for (const id of numbers) await comesTo(s, id, 'active');
});

certify('H_15', { ways: WAYS }, async (s) => {
	const q = await reserved(s, { connectorType: 'cType2' });
	await comesTo(s, q.id, 'active');
});

certify('H_17', { ways: WAYS }, async (s) => {
	const { id } = await reserved(s);
	const [c, k] = await exchange(s, 'CancelReservation', { reservationId: id }, { status: 'Accepted' });
	assert.deepEqual(c, { reservationId: id });
	await ended(k);
	await s.status('Available', 1);
	await shows(s, 'Available');
	await comesTo(s, id, 'cancelled');
	await keeps(s);
});

certify('H_19', { ways: WAYS }, async (s) => {
	const { id } = await reserved(s, { evseId: 1, groupIdToken: { idToken: 'FLEET-1', type: 'Central' } });
	await comesTo(s, id, 'active');
});

certify('H_20', { ways: WAYS }, async (s) => {
	const { id } = await reserved(s);
	await s.status('Faulted', 1);
	assert.deepEqual(await s.call('ReservationStatusUpdate', {
		reservationId: id, reservationUpdateStatus: 'Removed',
	}), {});
	await shows(s, 'Faulted');
	await comesTo(s, id, 'removed');
	await keeps(s);
});

certify('H_22', { ways: WAYS }, async (s) => {
	const [, k] = await reserve(s, { evseId: 1 }, 'Rejected');
	assert.equal(k.status, 'Rejected');
	const list = (await get(`/reservations?station=${encodeURIComponent(s.id)}`)).reservations;
	assert.ok(!list.some((r) => r.state === 'active'), JSON.stringify(list));
});
