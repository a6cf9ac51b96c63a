// A real OCPP 2.0.1 client that nobody here wrote (npm ocpp-rpc, strict mode: it checks every
// message of both sides against the official schemas) charges a van through depotd.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { RPCClient } from 'ocpp-rpc';
import { Depotd, sleep, until } from './harness.mjs';

let PASSWORD = 'a-Good_Passw0rd-for-CP1';
const TX = 'tx-0001';
const now = () => new Date().toISOString();

let depotd;
let client;
const profiles = [];

function connect(options = {}) {
	const c = new RPCClient({
		endpoint: `ws://127.0.0.1:${depotd.ports.profile1}/ocpp`,
		identity: 'CP-1',
		protocols: ['ocpp2.0.1'],
		password: PASSWORD,
		strictMode: true,
		reconnect: false,
		...options,
	});
	c.handle('SetChargingProfile', ({ params }) => {
		profiles.push(params);
		return { status: 'Accepted' };
	});
	c.handle('SetVariables', ({ params }) => ({
		setVariableResult: params.setVariableData.map(({ component, variable }) => ({
			component, variable, attributeStatus: 'Accepted',
		})),
	}));
	c.handle('GetVariables', ({ params }) => ({
		getVariableResult: params.getVariableData.map((v) => ({
			...v, attributeStatus: 'Accepted', attributeValue: '42',
		})),
	}));
	c.on('strictValidationFailure', ({ error }) => assert.fail(`depotd broke a schema: ${error}`));
	return c;
}

/** The upgrade was refused with this HTTP status. */
const status = (code) => (e) => assert.equal(e.code, code, e.message) === undefined;

const boot = (c) =>
	c.call('BootNotification', {
		reason: 'PowerUp', chargingStation: { model: 'Test', vendorName: 'Nobody', serialNumber: 'S1' },
	});

const event = (c, eventType, seqNo, more = {}, wh = 1000) =>
	c.call('TransactionEvent', {
		eventType, seqNo, timestamp: now(), triggerReason: more.triggerReason ?? 'MeterValuePeriodic',
		transactionInfo: { transactionId: TX, ...(more.info ?? { chargingState: 'Charging' }) },
		...(more.evse && { evse: more.evse }), ...(more.idToken && { idToken: more.idToken }),
		meterValue: [{ timestamp: now(), sampledValue: [
			{ value: wh, measurand: 'Energy.Active.Import.Register', unitOfMeasure: { unit: 'Wh' } },
			{ value: more.power ?? 0, measurand: 'Power.Active.Import', unitOfMeasure: { unit: 'W' } },
		] }],
	});

before(async () => {
	depotd = await new Depotd().start();
});

after(async () => {
	await client?.close({ force: true }).catch(() => {});
	await depotd?.clean();
});

test('a station that nobody gave a password is refused', async () => {
	await assert.rejects(connect().connect(), status(401));
});

test('an operator sets its password over the API', async () => {
	const r = await depotd.api('PUT', '/stations/CP-1', {
		policy: 'accepted', security_profile: 1, password: PASSWORD, node: 'feeder',
		evses: [
			{ id: 1, kind: 'ac', max_w: 22000, min_w: 4140, tail_w: 4140 },
			{ id: 2, kind: 'ac', max_w: 22000, min_w: 4140, tail_w: 4140 },
		],
	});
	assert.ok([200, 201].includes(r.status), `${r.status} ${r.text}`);
});

test('rules 2, 3: wrong password 401, other user 401, unknown identity 404, wrong subprotocol 4xx', async () => {
	await assert.rejects(connect({ password: 'not-the-right-password' }).connect(), status(401));
	await assert.rejects(connect({ identity: 'CP-X' }).connect(), status(404));
	await assert.rejects(connect({ protocols: ['ocpp0.1'], strictMode: false }).connect(), status(400));
});

test('before its boot is accepted it may say nothing else', async () => {
	client = connect();
	await client.connect();
	await assert.rejects(client.call('Heartbeat', {}), (e) => /SecurityError/.test(e.rpcErrorCode ?? e.name));
});

test('it boots, tells its connectors and is shown', async () => {
	const r = await boot(client);
	assert.equal(r.status, 'Accepted');
	assert.ok(r.interval > 0);
	for (const evseId of [1, 2])
		await client.call('StatusNotification', {
			timestamp: now(), connectorStatus: 'Available', evseId, connectorId: 1,
		});
	await client.call('Heartbeat', {});
	const s = (await depotd.api('GET', '/stations/CP-1')).json;
	assert.equal(s.connected, true);
	assert.equal(s.model, 'Test');
	assert.equal(s.evses[0].state, 'free');
});

test('each EVSE gets a safe default profile', async () => {
	await until('default profiles', () => new Set(profiles.filter((p) =>
		p.chargingProfile.chargingProfilePurpose === 'TxDefaultProfile').map((p) => p.evseId)).size === 2);
	const periods = profiles[0].chargingProfile.chargingSchedule[0].chargingSchedulePeriod;
	assert.equal(periods[0].limit, 0);
	assert.equal(periods.at(-1).limit, 4140, 'ends in the tail');
});

test('a van authorises, charges and gets the power that the plan gives it', async () => {
	const auth = await client.call('Authorize', { idToken: { idToken: 'aabbccdd', type: 'ISO14443' } });
	assert.equal(auth.idTokenInfo.status, 'Accepted', 'tokens compare without regard to case');
	const unknown = await client.call('Authorize', { idToken: { idToken: 'FFFF', type: 'ISO14443' } });
	assert.equal(unknown.idTokenInfo.status, 'Unknown');
	const r = await event(client, 'Started', 0, {
		triggerReason: 'Authorized', evse: { id: 1, connectorId: 1 },
		idToken: { idToken: 'AABBCCDD', type: 'ISO14443' }, info: { chargingState: 'EVConnected' },
	});
	assert.equal(r.idTokenInfo.status, 'Accepted');
	/* it booted as PowerUp: after a power return nothing charges for control.return_settle_s */
	const p = await until('a profile of its own', () => profiles.find((q) =>
		q.chargingProfile.chargingProfilePurpose === 'TxProfile' &&
		q.chargingProfile.chargingSchedule[0].chargingSchedulePeriod[0].limit > 0), 60000);
	assert.equal(p.evseId, 1);
	assert.equal(p.chargingProfile.transactionId, TX);
	const limit = p.chargingProfile.chargingSchedule[0].chargingSchedulePeriod[0].limit;
	assert.ok(limit <= 11000, `the van takes 11 kW, was told ${limit}`);
	const last = p.chargingProfile.chargingSchedule[0].chargingSchedulePeriod.at(-1);
	assert.equal(last.limit, 4140, 'ends in the tail');
	const e = await until('the setpoint in the API', async () => {
		const v = (await depotd.api('GET', '/stations/CP-1')).json.evses[0];
		return v.limit_w > 0 && v;
	});
	assert.equal(e.vehicle, 'VAN-1');
	assert.equal(e.transaction, TX);
	assert.ok(e.limit_source);
});

test('meter values, a repeated event and a gap: energy and completeness are right', async () => {
	await event(client, 'Updated', 1, { power: 10000 }, 1500);
	await event(client, 'Updated', 1, { power: 10000 }, 1500); // the same again
	await event(client, 'Updated', 3, { power: 10000 }, 2500); // 2 is missing
	let t = (await depotd.api('GET', `/transactions?station=CP-1`)).json.transactions[0];
	assert.equal(t.id, TX);
	assert.equal(t.complete, false);
	assert.match(t.missing, /2/);
	await event(client, 'Updated', 2, { power: 10000 }, 2000); // late
	t = (await depotd.api('GET', `/transactions?station=CP-1`)).json.transactions[0];
	assert.equal(t.energy_wh, 1500);
	assert.equal(t.events, 4);
});

test('an operator calls the station; bad payloads are refused with the path', async () => {
	const ask = { getVariableData: [{ component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' } }] };
	const r = await depotd.api('POST', '/stations/CP-1/calls', { action: 'GetVariables', payload: ask });
	assert.equal(r.status, 200);
	assert.equal(r.json.outcome, 'answered');
	assert.equal(r.json.response.getVariableResult[0].attributeValue, '42');
	const bad = await depotd.api('POST', '/stations/CP-1/calls', {
		action: 'GetVariables', payload: { getVariableData: [{ component: { name: 5 }, variable: { name: 'x' } }] },
	});
	assert.equal(bad.status, 400);
	assert.match(bad.json.path, /getVariableData\[0\]\.component\.name/);
	const not = await depotd.api('POST', '/stations/CP-1/calls', { action: 'Reset', payload: { type: 'OnIdle' } });
	assert.equal(not.json.outcome, 'error', 'the client has no handler for it');
	assert.equal(not.json.error_code, 'NotImplemented');
});

test('nobody sets a profile behind the back of the guard', async () => {
	const r = await depotd.api('POST', '/stations/CP-1/calls', {
		action: 'SetChargingProfile', payload: { evseId: 1, chargingProfile: {
			id: 77, stackLevel: 2, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Absolute',
			chargingSchedule: [{ id: 1, startSchedule: now(), chargingRateUnit: 'W',
				chargingSchedulePeriod: [{ startPeriod: 0, limit: 22000 }] }],
		} },
	});
	assert.ok(r.status >= 400 && r.status < 500, `${r.status} ${r.text}`);
	assert.match(r.text, /depotd keeps the TxDefaultProfiles/);
});

test('rule 23: a password that the station accepted is its password from then on', async () => {
	const old = PASSWORD;
	PASSWORD = 'the-Next_Passw0rd-for-CP1';
	const closed = new Promise((r) => client.once('close', r));
	const r = await depotd.api('POST', '/stations/CP-1/calls', {
		action: 'SetVariables', payload: { setVariableData: [{ attributeValue: PASSWORD,
			component: { name: 'securityctrlr' }, variable: { name: 'BasicAuthPassword' } }] },
	});
	assert.equal(r.json.outcome, 'answered');
	await closed;
	await assert.rejects(connect({ password: old }).connect(), status(401));
	client = connect();
	await client.connect();
	const journal = (await depotd.api('GET', '/journal?stream=station/CP-1&limit=1000')).text;
	assert.ok(!journal.includes(PASSWORD), 'it stands nowhere in the journal');
});

test('rules 8, 18: it reconnects without a boot and goes on', async () => {
	await client.close({ force: true });
	await until('depotd to see it go', async () => !(await depotd.api('GET', '/stations/CP-1')).json.connected);
	client = connect();
	await client.connect();
	const r = await event(client, 'Updated', 4, { power: 9000 }, 2600);
	assert.ok(r);
});

test('rule 8: a second connection replaces the first', async () => {
	const first = client;
	const closed = new Promise((r) => first.once('close', r));
	client = connect();
	await client.connect();
	await closed;
	await client.call('Heartbeat', {});
});

test('it ends; everything is there after a restart of depotd', async () => {
	await event(client, 'Ended', 5, {
		triggerReason: 'EVDeparted', info: { chargingState: 'Idle', stoppedReason: 'EVDisconnected' },
	}, 2900);
	await depotd.stop();
	await depotd.start();
	const t = (await depotd.api('GET', `/transactions?station=CP-1`)).json.transactions[0];
	assert.equal(t.state, 'ended');
	assert.equal(t.complete, true);
	assert.equal(t.energy_wh, 1900);
	client = connect();
	await client.connect();
	await client.call('Heartbeat', {}); // accepted stays accepted
});

test('SIGTERM: stations are told 1001 and depotd is gone within 5 s', async () => {
	const code = new Promise((r) => client.once('close', (e) => r(e.code)));
	const begin = Date.now();
	const { code: exit } = await depotd.stop();
	assert.equal(exit, 0);
	assert.ok(Date.now() - begin < 5000);
	assert.equal(await code, 1001);
	await sleep(10);
});
