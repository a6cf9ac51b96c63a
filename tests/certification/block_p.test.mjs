// Certification cases of a CSMS, block P: data transfer and custom data.
import assert from 'node:assert/strict';
import { block, certify, get, shows, transaction } from './harness.mjs';
import { now } from './station.mjs';

block();

certify('P_02', {}, async (s) => {
	const r = await s.call('DataTransfer', {
		vendorId: 'nl.example.nobody', messageId: 'Secret of a vendor', data: { a: [1, { b: null }] },
	});
	assert.ok(['UnknownVendorId', 'UnknownMessageId', 'Rejected'].includes(r.status), r.status);
	const { events } = await get(`/journal?stream=station/${s.id}&type=VendorDataRefused`);
	assert.deepEqual(events.map((e) => [e.payload.vendor, e.payload.status]), [['nl.example.nobody', r.status]]);
});

certify('P_03', {}, async (s) => {
	const customData = { vendorId: 'nl.example.nobody', depth: { of: ['a', 1, true] }, length: 7.25 };
	await s.call('StatusNotification', {
		timestamp: now(), connectorStatus: 'Occupied', evseId: 1, connectorId: 1, customData,
	});
	await shows(s, 'Occupied');
	await s.event('Started', 'CablePluggedIn', {
		info: { chargingState: 'EVConnected', customData }, evse: { id: 1, connectorId: 1 }, customData,
	});
	assert.equal((await transaction(s)).state, 'open');
});
