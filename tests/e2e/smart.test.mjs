// Smart charging (block K) with a client that nobody here wrote: npm ocpp-rpc in strict mode checks
// every message of both sides against the official schemas.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { RPCClient } from 'ocpp-rpc';
import { Depotd, until } from './harness.mjs';

const PASSWORD = 'a-Good_Passw0rd-for-all';
const now = (s = 0) => new Date(Date.now() + s * 1000).toISOString();

let depotd;
const stations = [];

before(async () => {
	depotd = await new Depotd({
		depot: `
depot: smart
name: Smart
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 100000}
  - {id: feeder, kind: feeder, parent: site, limit_w: 90000}
`,
		config: 'control:\n  reconcile_s: 1\n',
	}).start();
});

after(async () => {
	for (const s of stations) await s.client.close({ force: true }).catch(() => {});
	await depotd?.clean();
});

const api = async (method, path, body) => {
	const r = await depotd.api(method, path, body);
	assert.ok(r.status < 300, `${method} ${path}: ${r.status} ${r.text}`);
	return r.json;
};

const put = (id, more = {}) =>
	depotd.api('PUT', `/stations/${id}`, {
		password: PASSWORD, node: 'feeder',
		evses: [{ id: 1, kind: 'ac', max_w: 22000, min_w: 4140, tail_w: 4140 }], ...more,
	});

/** A station that keeps profiles as it should: `held` by id, as [evseId, profile]. */
class Station {
	constructor(id) {
		Object.assign(this, { id, held: new Map(), asked: [], seq: 0, forgets: false });
		stations.push(this);
	}

	async connect() {
		const c = new RPCClient({
			endpoint: `ws://127.0.0.1:${depotd.ports.profile1}/ocpp`, identity: this.id,
			protocols: ['ocpp2.0.1'], password: PASSWORD, strictMode: true, reconnect: false,
		});
		this.client = c;
		c.on('strictValidationFailure', ({ error }) => assert.fail(`depotd broke a schema: ${error}`));
		const on = (action, fn) => c.handle(action, ({ params }) => {
			this.asked.push([action, params]);
			return fn(params);
		});
		on('SetVariables', (p) => ({ setVariableResult: p.setVariableData.map(({ component, variable }) =>
			({ component, variable, attributeStatus: 'Accepted' })) }));
		on('GetBaseReport', () => ({ status: 'EmptyResultSet' }));
		on('SetChargingProfile', ({ evseId, chargingProfile: p }) => {
			this.held.set(p.id, [evseId, p]);
			return { status: 'Accepted' };
		});
		on('ClearChargingProfile', ({ chargingProfileId: id, chargingProfileCriteria: k }) => {
			const hit = [...this.held].filter(([i, [evse, p]]) => id !== undefined ? i === id :
				(k.evseId ?? evse) === evse && (k.stackLevel ?? p.stackLevel) === p.stackLevel &&
				(k.chargingProfilePurpose ?? p.chargingProfilePurpose) === p.chargingProfilePurpose);
			for (const [i] of hit) this.held.delete(i);
			return { status: hit.length ? 'Accepted' : 'Unknown' };
		});
		on('GetChargingProfiles', ({ requestId }) => {
			const all = [...this.held.values()];
			setImmediate(async () => {
				for (const [i, [evseId, p]] of all.entries())
					await c.call('ReportChargingProfiles', {
						requestId, evseId, chargingLimitSource: 'CSO', chargingProfile: [p], tbc: i < all.length - 1,
					}).catch(() => {});
			});
			return { status: all.length ? 'Accepted' : 'NoProfiles' };
		});
		on('GetCompositeSchedule', ({ evseId, duration }) => ({
			status: 'Accepted', schedule: {
				evseId, duration, scheduleStart: now(), chargingRateUnit: 'W',
				chargingSchedulePeriod: [{ startPeriod: 0, limit: this.composite ?? 0 }],
			},
		}));
		on('RequestStartTransaction', () => ({ status: 'Accepted' }));
		await c.connect();
		await c.call('BootNotification', { reason: 'PowerUp', chargingStation: { model: 'M', vendorName: 'V' } });
		await until('depotd to take it', async () => (await api('GET', `/stations/${this.id}`)).boot_status === 'Accepted');
		return this;
	}

	event(eventType, transactionId, more = {}) {
		return this.client.call('TransactionEvent', {
			eventType, seqNo: this.seq++, timestamp: now(), triggerReason: 'ChargingStateChanged',
			...(eventType === 'Started' && { evse: { id: 1, connectorId: 1 } }),
			transactionInfo: { transactionId, chargingState: 'Charging', ...more },
		});
	}

	own() {
		return this.held.get(1001)?.[1];
	}

	profiles() {
		return api('GET', `/stations/${this.id}/profiles`);
	}

	async find(id) {
		return (await this.profiles()).profiles.find((p) => p.id === id);
	}
}

const profile = (id, more = {}, schedule = {}, limit = 6000) => ({
	id, stackLevel: 2, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Absolute', ...more,
	chargingSchedule: [{
		id: 1, startSchedule: now(-60), chargingRateUnit: 'W', ...schedule,
		chargingSchedulePeriod: [{ startPeriod: 0, limit }],
	}],
});

const command = (id, action, payload) => depotd.api('POST', `/stations/${id}/commands`, { action, payload });

async function refused(id, action, payload, words) {
	const r = await command(id, action, payload);
	assert.ok(r.status >= 400 && r.status < 500, `${r.status} ${r.text}`);
	assert.match(r.text, words);
}

let auto, manual;

test('manual control is proven against the tree before it is given', async () => {
	assert.equal((await put('MAN', { control: 'manual' })).status, 200);
	const r = await put('BIG', { control: 'manual',
		evses: [{ id: 1, kind: 'dc', max_w: 75000, min_w: 4140, tail_w: 4140 }] });
	assert.equal(r.status, 422);
	assert.match(r.text, /feeder.*97000 W/);
	assert.equal((await put('AUTO')).status, 200);
	assert.equal((await api('GET', '/stations/MAN')).control, 'manual');
});

test('an operator sends profiles to a manual station, depotd sends none', async () => {
	manual = await new Station('MAN').connect();
	const r = await command('MAN', 'SetChargingProfile', { evseId: 1, chargingProfile: profile(1) });
	assert.equal(r.json.state, 'done', r.text);
	const p = await manual.find(1);
	assert.equal(p.owner, r.json.actor);
	assert.equal(p.purpose, 'TxDefaultProfile');
	const sets = manual.asked.filter(([a]) => a === 'SetChargingProfile');
	assert.equal(sets.length, 1, 'only the operator\'s');
	const journal = await api('GET', '/journal?stream=station/MAN&type=ChargingProfileHeld');
	assert.equal(journal.events.at(-1).payload.owner, r.json.actor);
});

test('rules 43 to 46: what breaks the specification is refused with its clause', async () => {
	const set = (p, evseId = 1) => ({ evseId, chargingProfile: p });
	await refused('MAN', 'SetChargingProfile', set(profile(9, {}, { startSchedule: undefined })), /K01\.FR\.40/);
	await refused('MAN', 'SetChargingProfile', set(profile(9)), /K01\.FR\.06/);
	await refused('MAN', 'SetChargingProfile', set(profile(9), 0), /K01\.FR\.52/);
	await refused('MAN', 'SetChargingProfile', set(profile(9, { chargingProfilePurpose: 'TxProfile' })), /K01\.FR\.03/);
	await refused('MAN', 'GetChargingProfiles', { chargingProfile: {} }, /K09\.FR\.03/);
	await refused('MAN', 'ClearChargingProfile', {}, /K10\.FR\.02/);
});

test('rule 42: the composite schedule is computed and set beside what the station says', async () => {
	manual.composite = 6000;
	const c = await api('GET', '/stations/MAN/composite?evse=1&duration=600&ask=1');
	assert.deepEqual(c.believed, [{ start_s: 0, limit_w: 6000, profile: 1, source: 'CSO' }]);
	assert.deepEqual(c.said, [{ start_s: 0, limit_w: 6000 }]);
	await command('MAN', 'SetChargingProfile', { evseId: 0, chargingProfile: profile(3,
		{ chargingProfilePurpose: 'ChargingStationMaxProfile', stackLevel: 0 }, {}, 5000) });
	const station = await api('GET', '/stations/MAN/composite?evse=0');
	assert.deepEqual(station.believed, [{ start_s: 0, limit_w: 5000, profile: 3, source: 'CSO' }]);
});

test('rule 47: what a station lost or got from others is found after a reconnect', async () => {
	manual.held.delete(3); // lost
	manual.held.set(44, [1, profile(44, { stackLevel: 5 }, {}, 7000)]); // of somebody else
	await manual.client.close({ force: true });
	await manual.connect();
	const l = await until('the comparison', async () => {
		const x = await manual.profiles();
		return x.checked === 'differs' && x;
	});
	assert.ok(l.differences.some((d) => /^missing: profile 3/.test(d)), `${l.differences}`);
	assert.ok(l.differences.some((d) => /^not believed: profile 44/.test(d)), `${l.differences}`);
	assert.ok(l.differences.some((d) => /^composite: EVSE 1/.test(d)), 'it says 6000 W, 7000 W lead');
	assert.deepEqual(l.profiles.map((p) => p.id).sort((a, b) => a - b), [1, 44]);
	assert.ok(manual.held.has(44), 'a manual station is left as it is');
	const journal = await api('GET', '/journal?stream=station/MAN&type=ProfilesDiffer');
	assert.equal(journal.events.length, 1);
});

test('rule 47: on an automatic station ours are said again and what lies above them is cleared', async () => {
	auto = await new Station('AUTO').connect();
	await until('the default profile', () => auto.held.has(1));
	await until('the first comparison', async () => (await auto.profiles()).checked === 'agrees');
	auto.held.set(45, [1, profile(45, { stackLevel: 9 }, {}, 22000)]);
	auto.composite = 0;
	await auto.client.close({ force: true });
	await auto.connect();
	await until('the foreign profile to be cleared', () => !auto.held.has(45));
	const l = await until('the comparison', async () => {
		const x = await auto.profiles();
		return x.checked === 'differs' && x;
	});
	assert.ok(l.differences.some((d) => /^mended: profile 45 is cleared/.test(d)), `${l.differences}`);
	assert.ok(l.profiles.every((p) => p.id !== 45));
});

test('an automatic station takes what only lowers, and says what to do about the rest', async () => {
	const r = await command('AUTO', 'SetChargingProfile', { evseId: 0, chargingProfile: profile(50,
		{ chargingProfilePurpose: 'ChargingStationMaxProfile', stackLevel: 0 }, {}, 20000) });
	assert.equal(r.json.state, 'done', r.text);
	await refused('AUTO', 'SetChargingProfile', { evseId: 1, chargingProfile: profile(51) }, /manual/);
	await refused('AUTO', 'ClearChargingProfile', { chargingProfileId: 1 }, /manual/);
	await refused('AUTO', 'RequestStartTransaction', { evseId: 1, idToken: { idToken: 'A', type: 'Local' },
		chargingProfile: profile(52, { chargingProfilePurpose: 'TxProfile', chargingProfileKind: 'Relative' },
			{ startSchedule: undefined }) }, /manual/);
	const raw = await depotd.api('POST', '/stations/AUTO/calls',
		{ action: 'SetChargingProfile', payload: { evseId: 1, chargingProfile: profile(51) } });
	assert.ok(raw.status >= 400, 'nor as a raw call');
});

test('rule 48: needs are answered at once, a profile within their periods follows', async () => {
	await auto.event('Started', 'tx-1', { chargingState: 'EVConnected' });
	const needs = { evseId: 1, maxScheduleTuples: 1, chargingNeeds: {
		requestedEnergyTransfer: 'AC_three_phase', departureTime: now(4 * 3600),
		acChargingParameters: { energyAmount: 15000, evMinCurrent: 6, evMaxCurrent: 16, evMaxVoltage: 230 } } };
	assert.equal((await auto.client.call('NotifyEVChargingNeeds', needs)).status, 'Accepted');
	const p = await until('a schedule with power in it', () =>
		auto.own()?.chargingSchedule[0].chargingSchedulePeriod[0].limit > 0 && auto.own(), 30000);
	assert.equal(p.chargingProfilePurpose, 'TxProfile');
	assert.equal(p.transactionId, 'tx-1');
	assert.equal(p.chargingSchedule.length, 1);
	assert.equal(p.chargingSchedule[0].chargingSchedulePeriod.length, 1, 'maxScheduleTuples');
	const l = await auto.profiles();
	assert.equal(l.needs[0].energy_wh, 15000);
	assert.equal(l.needs[0].max_w, 11040);
	const row = await until('the plan to know', async () =>
		(await api('GET', '/plan')).vehicles.find((v) => v.station === 'AUTO' && v.need_wh === 15000));
	assert.ok(Math.abs(Date.parse(row.departs_at) - Date.parse(needs.chargingNeeds.departureTime)) < 1000);

	const schedule = (limit) => ({ timeBase: now(), evseId: 1, chargingSchedule: {
		id: 1, chargingRateUnit: 'W', duration: 300, chargingSchedulePeriod: [{ startPeriod: 0, limit }] } });
	const said = () => auto.asked.filter(([a, q]) => a === 'SetChargingProfile' && q.chargingProfile.id === 1001).length;
	const n = said();
	assert.equal((await auto.client.call('NotifyEVChargingSchedule', schedule(23000))).status, 'Rejected');
	await until('a renegotiation (K15.FR.13)', () => said() > n);
	assert.equal((await auto.client.call('NotifyEVChargingSchedule', schedule(4140))).status, 'Accepted');
	assert.equal((await auto.client.call('NotifyEVChargingNeeds', { ...needs, evseId: 7 })).status, 'Rejected');
});

test('limits of others are shown and honoured, also after a restart of depotd', async () => {
	await auto.client.call('NotifyChargingLimit', { evseId: 1, chargingLimit: { chargingLimitSource: 'EMS' },
		chargingSchedule: [{ id: 1, chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 7 }] }] });
	await auto.client.call('NotifyChargingLimit', { chargingLimit: { chargingLimitSource: 'SO', isGridCritical: true } });
	const told = () => auto.own()?.chargingSchedule[0].chargingSchedulePeriod[0].limit;
	await until('no more than 7 A on three phases', () => told() <= 4830, 30000);
	const evse = (await api('GET', '/stations/AUTO')).evses[0];
	assert.equal(evse.external_w, 4830);
	assert.equal(evse.external_source, 'EMS');
	assert.equal(evse.limit_source, 'EMS');
	const so = (await auto.profiles()).external_limits.find((x) => x.source === 'SO');
	assert.equal(so.grid_critical, true);
	assert.equal(so.limit_w, undefined, 'its height was not told');

	await depotd.stop('SIGKILL');
	await depotd.start();
	assert.equal((await api('GET', '/stations/AUTO')).evses[0].external_w, 4830);
	const l = await auto.profiles();
	assert.equal(l.needs[0].energy_wh, 15000);
	assert.ok(l.profiles.some((p) => p.id === 50 && p.owner));
	await auto.connect();
	await auto.client.call('ClearedChargingLimit', { evseId: 1, chargingLimitSource: 'EMS' });
	await until('the limit to be lifted', () => told() > 4830, 30000);
	assert.equal((await api('GET', '/stations/AUTO')).evses[0].external_w, undefined);
	await auto.event('Ended', 'tx-1', { chargingState: 'Idle', stoppedReason: 'EVDisconnected' });
	await until('its profile to go with the transaction', async () => !(await auto.find(1001)));
});

test('a manual station gets its own profile again when the vehicle tells its needs', async () => {
	await manual.connect();
	await manual.event('Started', 'tx-m');
	const needs = { evseId: 1, chargingNeeds: { requestedEnergyTransfer: 'DC',
		dcChargingParameters: { evMaxCurrent: 100, evMaxVoltage: 400, stateOfCharge: 40 } } };
	assert.equal((await manual.client.call('NotifyEVChargingNeeds', needs)).status, 'Accepted');
	const p = await until('all that the EVSE can give', () => manual.own());
	assert.equal(p.chargingSchedule[0].chargingSchedulePeriod[0].limit, 22000);
	await command('MAN', 'SetChargingProfile', { evseId: 1, chargingProfile: profile(60,
		{ chargingProfilePurpose: 'TxProfile', transactionId: 'tx-m', stackLevel: 3 }, {}, 9000) });
	const said = () => manual.asked.filter(([a, q]) => a === 'SetChargingProfile' && q.chargingProfile.id === 60).length;
	assert.equal(said(), 1);
	await manual.client.call('NotifyEVChargingNeeds', needs);
	await until('the operator\'s own again (K16.FR.12)', () => said() === 2);
	assert.equal((await manual.find(60)).owner, (await manual.find(1)).owner);
	const draws = (limit) => manual.client.call('NotifyEVChargingSchedule', { timeBase: now(), evseId: 1, chargingSchedule: {
		id: 1, chargingRateUnit: 'W', duration: 300, chargingSchedulePeriod: [{ startPeriod: 0, limit }] } });
	for (let n = 3; n <= 5; n++) {
		assert.equal((await draws(9500)).status, 'Rejected', 'more than the operator gives (K15.FR.12)');
		await until('a renegotiation (K15.FR.13)', () => said() === n);
	}
	assert.equal((await draws(9500)).status, 'Rejected');
	await manual.client.call('NotifyEVChargingNeeds', needs);
	await until('an answer to the needs', () => said() > 5);
	assert.equal(said(), 6, 'a vehicle that never listens is left alone in the end, but what it needs is always answered');
	assert.equal((await draws(9000)).status, 'Accepted');
});
