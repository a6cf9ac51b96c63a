// The station of the certification cases finds what is wrong with a message of a CSMS: a case that it
// lets pass says something.
import test from 'node:test';
import assert from 'node:assert/strict';
import { cases, need } from './cases.mjs';
import { whole } from './facts.mjs';
import { Station } from './station.mjs';

/** A station whose wire is a list of texts. */
function station() {
	const s = new Station({}, 'S');
	s.sent = [];
	s.ws = { readyState: 1, send: (text) => s.sent.push(JSON.parse(text)) };
	return s;
}

const RESET = { type: 'OnIdle' };

const requests = [
	['a good request', 'Reset', RESET, undefined],
	['a value outside its enum', 'Reset', { type: 'Soon' }, /allowed values/],
	['a missing field', 'Reset', {}, /required/],
	['a field too many', 'Reset', { ...RESET, why: 'so' }, /additional/],
	['an absent field that is null', 'Reset', { ...RESET, evseId: null }, /integer/],
	['an empty object below', 'Reset', { ...RESET, customData: {} }, /vendorId|empty/],
	['an empty list', 'GetVariables', { getVariableData: [] }, /fewer than 1/],
	['too fine a limit', 'SetChargingProfile', {
		evseId: 1, chargingProfile: {
			id: 1, stackLevel: 0, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Absolute',
			chargingSchedule: [{ id: 1, chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 6.12345678 }] }],
		},
	}, /six decimals/],
	['too fine a time', 'GetLog', {
		logType: 'SecurityLog', requestId: 1,
		log: { remoteLocation: 'https://a', oldestTimestamp: '2026-01-01T00:00:00.1234Z' },
	}, /three digits/],
];

for (const [name, action, payload, fault] of requests)
	test(`${name}: ${fault ? 'a fault' : 'none'}`, async () => {
		const s = station();
		s.expect(action, new Error('NotSupported'));
		await s.serve(s.ws, [2, '1', action, payload]);
		if (fault) assert.match(s.faults.join(), fault);
		else assert.deepEqual(s.faults, []);
		assert.equal(s.sent.length, 1, 'it is answered all the same');
	});

test('a second CALL before the first one is answered, and an id that was used, are faults', async () => {
	const s = station();
	let answer;
	s.expect('Reset', () => new Promise((ok) => (answer = ok)));
	const first = s.serve(s.ws, [2, '1', 'Reset', RESET]);
	await s.serve(s.ws, [2, '1', 'ClearCache', {}]);
	answer({ status: 'Accepted' });
	await first;
	assert.match(s.faults.join(), /id 1 used twice/);
	assert.match(s.faults.join(), /second CALL/);
});

test('a bad CALLRESULT, and an answer to nothing, are faults', async () => {
	const s = station();
	const asked = s.call('Heartbeat', {});
	s.take(s.ws, JSON.stringify([3, s.sent[0][1], { currentTime: 'now' }]));
	await asked;
	s.take(s.ws, JSON.stringify([3, 'x', {}]));
	assert.match(s.faults[0], /date-time/);
	assert.match(s.faults[1], /answer to nothing/);
});

test('a case may not send what is not valid itself', async () => {
	const s = station();
	await assert.rejects(s.call('Heartbeat', { at: 1 }), /the test's Heartbeat/);
});

test('the list has the cases that the certification counts', () => {
	const count = (n) => cases.filter((c) => need(c) === n).length;
	assert.deepEqual([cases.length, count('M'), count('C'), count('-')], [252, 201, 31, 20]);
});

test('facts are taken once the wire log has all that the stations know of, and say what is missing', async () => {
	const frame = (message_id, action, direction = 'in') => ({ station: 'S', message_id, action, direction, text: '[2,…' });
	const logs = [[frame('1', 'Heartbeat')], [frame('1', 'Heartbeat'), frame('2', 'Get15118EVCertificate')]];
	let asked = 0;
	const depotd = { api: async () => ({ status: 200, json: { frames: logs[Math.min(asked++, 1)] } }) };
	const exchanged = [{ direction: 'in', action: 'Heartbeat', id: '1' }, { direction: 'in', action: 'Get15118EVCertificate', id: '2' }];
	const frames = await whole(depotd, [{ id: 'S', exchanged }]);
	assert.deepEqual(frames.map((f) => f.action), ['Heartbeat', 'Get15118EVCertificate'], 'what came last too');
	const more = [...exchanged, { direction: 'out', action: 'Reset', id: '3' }];
	await assert.rejects(whole(depotd, [{ id: 'S', exchanged: more }], 50), /it has not: S out Reset 3/);
});
