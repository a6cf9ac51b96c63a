// Certification cases of a CSMS, block D: local authorisation list.
import assert from 'node:assert/strict';
import { block, certify, ended, exchange, get, until } from './harness.mjs';

block();

const entry = (value) => ({ idToken: { idToken: value, type: 'ISO14443' }, idTokenInfo: { status: 'Accepted' } });

/** The operator is shown that the station has a list of this version. */
const shows = (s, version) => until(`version ${version}`, async () =>
	((await get('/local-lists')).lists.find((l) => l.station === s.id)?.version ?? 0) === version);

/** The operator sends a list, and the station takes it; the request that came. */
async function send(s, payload) {
	const [q, k] = await exchange(s, 'SendLocalList', payload, { status: 'Accepted' });
	await ended(k);
	await shows(s, payload.versionNumber);
	return q;
}

/** The station has a list of version 1. */
const full = (s, values = ['CARD-1', 'CARD-2']) =>
	send(s, { versionNumber: 1, updateType: 'Full', localAuthorizationList: values.map(entry) });

certify('D_01', {}, async (s) => {
	const q = await full(s);
	assert.equal(q.updateType, 'Full');
	assert.ok(q.versionNumber > 0);
	assert.equal(q.localAuthorizationList.length, 2);
	for (const e of q.localAuthorizationList) assert.ok(e.idTokenInfo, 'each entry of a full list has its info');
});

certify('D_02', {}, async (s) => {
	await full(s);
	const [, version] = await exchange(s, 'GetLocalListVersion', {}, { versionNumber: 1 });
	assert.equal((await ended(version)).response.versionNumber, 1);
	const q = await send(s, { versionNumber: 2, updateType: 'Differential', localAuthorizationList: [entry('CARD-3')] });
	assert.equal(q.updateType, 'Differential');
	assert.ok(q.versionNumber > 1);
	assert.ok(q.localAuthorizationList.length > 0);
});

certify('D_03', {}, async (s) => {
	await full(s);
	const { idToken } = entry('CARD-2');
	const q = await send(s, { versionNumber: 2, updateType: 'Differential', localAuthorizationList: [{ idToken }] });
	assert.equal(q.updateType, 'Differential');
	assert.ok(q.versionNumber > 1);
	assert.ok(q.localAuthorizationList.length > 0);
	for (const e of q.localAuthorizationList) assert.equal(e.idTokenInfo, undefined, 'without info: to be removed');
});

certify('D_04', {}, async (s) => {
	await full(s);
	const q = await send(s, { versionNumber: 2, updateType: 'Full' });
	assert.equal(q.updateType, 'Full');
	assert.equal(q.localAuthorizationList, undefined, 'an empty list is left out');
});

certify('D_08', {}, async (s) => {
	const [q, k] = await exchange(s, 'GetLocalListVersion', {}, { versionNumber: 7 });
	assert.deepEqual(q, {});
	assert.equal((await ended(k)).response.versionNumber, 7);
	await shows(s, 7);
});

certify('D_09', {}, async (s) => {
	const [, k] = await exchange(s, 'GetLocalListVersion', {}, { versionNumber: 0 });
	assert.equal((await ended(k)).response.versionNumber, 0, 'there is no list, and that is an answer');
});
