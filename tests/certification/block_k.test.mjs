// Certification cases of a CSMS, block K: smart charging. Most are of an operator who sends profiles
// by hand to a station that depotd leaves to him; in K_53 to K_59 depotd itself controls.
import assert from 'node:assert/strict';
import { block, certify, ended, exchange, get, goesOn, pathOf, transaction, until, view } from './harness.mjs';

block({
	// each case begins with a PowerUp: that so many stations come back at once is no night for a staged return
	config: 'control: {return_settle_s: 0, return_step_s: 1, return_step_pct: 100}\n',
	depot: `
depot: test
name: Test depot
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 5000000}
`,
});

const HOUR = 3600;
const MANUAL = { registration: { control: 'manual' } };

const inHours = (h) => new Date(Math.floor(Date.now() / 1000 + h * HOUR) * 1000).toISOString();

/** A profile; `schedule` is put into its only schedule. */
function profile({ schedule, ...more } = {}) {
	return {
		id: 101, stackLevel: 1, chargingProfilePurpose: 'TxDefaultProfile', chargingProfileKind: 'Absolute', ...more,
		chargingSchedule: [{
			id: 11, chargingRateUnit: 'A', duration: HOUR, ...schedule,
			chargingSchedulePeriod: schedule?.chargingSchedulePeriod ?? [{ startPeriod: 0, limit: 6, numberPhases: 3 }],
		}],
	};
}

/** … that is valid for an hour from now. */
const dated = ({ schedule, ...more } = {}) => profile({
	validFrom: inHours(0), validTo: inHours(1), ...more, schedule: { startSchedule: inHours(0), ...schedule },
});

const period = (limit) => [{ startPeriod: 0, limit, numberPhases: 3 }];

/** Times as numbers: how many digits a second has is the sender's choice. */
const plain = (x) => JSON.parse(JSON.stringify(x), (k, v) =>
	/^(validFrom|validTo|startSchedule)$/.test(k) ? Date.parse(v) : v);

/** What the tool of the certification demands of every profile, and rules 43 and 44. */
function plausible({ evseId, chargingProfile: p }) {
	const [first, ...rest] = p.chargingSchedule;
	const phases = first.chargingSchedulePeriod;
	assert.deepEqual(rest, [], 'one schedule');
	assert.equal(phases[0].startPeriod, 0, 'K01.FR.31');
	for (let i = 1; i < phases.length; i++)
		assert.ok(phases[i].startPeriod > phases[i - 1].startPeriod, 'K01.FR.35');
	for (const c of phases) assert.ok(c.phaseToUse === undefined || c.numberPhases === 1, 'K01.FR.19');
	if (p.chargingProfileKind === 'Relative') assert.equal(first.startSchedule, undefined, 'K01.FR.41');
	else assert.ok(first.startSchedule, 'K01.FR.40');
	if (p.chargingProfilePurpose === 'TxProfile') assert.ok(p.transactionId && evseId > 0, 'K01.FR.03');
	if (p.chargingProfilePurpose === 'ChargingStationMaxProfile') assert.equal(evseId, 0, 'K01.FR.38');
}

/** Sends a profile by hand; checks that just this was sent. [request, command at its end] */
async function set(s, evseId, chargingProfile, answer = { status: 'Accepted' }) {
	const [q, k] = await exchange(s, 'SetChargingProfile', { evseId, chargingProfile }, answer);
	assert.deepEqual(plain(q), plain({ evseId, chargingProfile }));
	plausible(q);
	return [q, await ended(k, answer.status === 'Accepted' ? 'done' : 'refused')];
}

const profiles = async (s) => (await get(`${pathOf(s)}/profiles`)).profiles;

/** The operator is shown that the station holds this profile there, with this limit to begin with. */
function held(s, id, evse, limit) {
	return until(`profile ${id} of EVSE ${evse} with ${limit}`, async () =>
		(await profiles(s)).find((p) => p.id === id && p.evse === evse &&
			(limit === undefined || p.profile.chargingSchedule[0].chargingSchedulePeriod[0].limit === limit)));
}

const gone = (s, id) => until(`profile ${id} to be gone`, async () => !(await profiles(s)).some((p) => p.id === id));

// -- K01: profiles of the operator ----------------------------------------------------------------

certify('K_01', MANUAL, async (s) => {
	await set(s, 1, dated());
	await held(s, 101, 1, 6);
	await set(s, 2, dated({ id: 102, schedule: { chargingRateUnit: 'W', chargingSchedulePeriod: period(6000) } }));
	await held(s, 102, 2, 6000);
});

certify('K_02', MANUAL, async (s) => {
	const p = profile({
		chargingProfilePurpose: 'TxProfile', chargingProfileKind: 'Relative', schedule: { chargingSchedulePeriod: period(7) },
	});
	// K01.FR.03: without a transaction there is none to name; depotd says so before the station must
	const before = s.asked('SetChargingProfile').length;
	const { json, status } = await s.depotd.api('POST', `${pathOf(s)}/commands`, {
		action: 'SetChargingProfile', payload: { evseId: 1, chargingProfile: p },
	});
	assert.equal(status, 409);
	assert.match(json.detail, /K01\.FR\.03/);
	assert.equal(s.asked('SetChargingProfile').length, before);
	const [, k] = await set(s, 1, { ...p, transactionId: 'no-such-transaction' }, { status: 'Rejected' });
	assert.equal(k.status, 'Rejected');
	assert.ok(!(await profiles(s)).some((x) => x.id === p.id));
});

certify('K_03', MANUAL, async (s) => {
	await set(s, 0, dated({
		chargingProfilePurpose: 'ChargingStationMaxProfile', schedule: { chargingSchedulePeriod: period(8) },
	}));
	await held(s, 101, 0, 8);
});

certify('K_04', MANUAL, async (s) => {
	await set(s, 1, dated({ schedule: { chargingSchedulePeriod: period(8) } }));
	await held(s, 101, 1, 8);
	await set(s, 1, dated({ schedule: { chargingSchedulePeriod: period(6) } })); // K01.FR.05
	await held(s, 101, 1, 6);
	assert.equal((await profiles(s)).filter((p) => p.id === 101).length, 1);
});

certify('K_10', MANUAL, async (s) => {
	await set(s, 0, dated({ schedule: {
		chargingSchedulePeriod: [...period(6), { startPeriod: 600, limit: 16, numberPhases: 1 }],
	} }));
	await held(s, 101, 0, 6);
});

certify('K_15', MANUAL, async (s) => {
	const [, k] = await set(s, 1, dated(), new Error('NotSupported'));
	assert.equal(k.status, 'NotSupported');
	assert.ok(!(await profiles(s)).some((p) => p.id === 101));
});

certify('K_19', MANUAL, async (s) => {
	await set(s, 1, dated({ chargingProfileKind: 'Recurring', recurrencyKind: 'Daily' }));
	await held(s, 101, 1, 6);
});

certify('K_60', MANUAL, async (s) => {
	await s.energyTransferStarted();
	await set(s, 1, dated({ chargingProfilePurpose: 'TxProfile', transactionId: s.tx.id }));
	assert.equal((await held(s, 101, 1, 6)).profile.transactionId, s.tx.id);
	await s.evDisconnected();
	await gone(s, 101); // K01.FR.12 with its transaction
});

certify('K_70', MANUAL, async (s) => {
	await set(s, 1, dated());
	await set(s, 1, dated({ id: 102, stackLevel: 2 }));
	await held(s, 101, 1, 6);
	await held(s, 102, 1, 6);
});

// -- K10: clearing --------------------------------------------------------------------------------

/** Clears; checks that just this was sent. */
async function clear(s, payload, status = 'Accepted') {
	const [q, k] = await exchange(s, 'ClearChargingProfile', payload, { status });
	assert.deepEqual(q, payload);
	await ended(k, status === 'Accepted' ? 'done' : 'refused');
}

certify('K_05', MANUAL, async (s) => {
	const mine = dated({ id: 101, chargingProfilePurpose: 'ChargingStationMaxProfile' });
	await list(s, {}, [[0, 'CSO', [mine]]]);
	await held(s, 101, 0, 6);
	await clear(s, { chargingProfileId: 101 });
	await gone(s, 101);
});

const CRITERIA = { chargingProfileCriteria: { chargingProfilePurpose: 'TxDefaultProfile', evseId: 1, stackLevel: 1 } };

certify('K_06', MANUAL, async (s) => {
	await set(s, 1, dated());
	await set(s, 2, dated({ id: 102 }));
	await clear(s, CRITERIA);
	await gone(s, 101);
	await held(s, 102, 2, 6);
});

certify('K_08', MANUAL, (s) => clear(s, CRITERIA, 'Unknown'));

// -- K09: reading them back -----------------------------------------------------------------------

/** Asks for profiles, which come as parts [evseId, source, profiles]; checks what was asked. */
async function list(s, { evseId, ...criteria }, parts) {
	const chargingProfile = Object.keys(criteria).length ? criteria : { chargingLimitSource: ['CSO', 'EMS', 'SO', 'Other'] };
	const payload = { ...(evseId !== undefined && { evseId }), chargingProfile };
	const [q, k] = await exchange(s, 'GetChargingProfiles', payload, { status: 'Accepted' });
	const { requestId, ...rest } = q;
	assert.ok(Number.isInteger(requestId) && requestId === k.request_id);
	assert.deepEqual(rest, payload);
	for (const [i, [evse, source, held]] of parts.entries()) {
		await goesOn(k);
		assert.deepEqual(await s.call('ReportChargingProfiles', {
			requestId, evseId: evse, chargingLimitSource: source, tbc: i + 1 < parts.length, chargingProfile: held,
		}), {});
	}
	return ended(k);
}

certify('K_29', MANUAL, async (s) => {
	await s.energyTransferStarted();
	const p = dated({ chargingProfilePurpose: 'ChargingStationMaxProfile' });
	await list(s, { evseId: 0, chargingProfilePurpose: 'ChargingStationMaxProfile' }, [[0, 'CSO', [p]]]);
	await held(s, 101, 0, 6);
});

certify('K_30', MANUAL, async (s) => {
	await list(s, { evseId: 1 }, [[1, 'CSO', [dated()]]]);
	await held(s, 101, 1, 6);
});

certify('K_31', MANUAL, async (s) => {
	await list(s, {}, [[1, 'CSO', [dated()]], [2, 'CSO', [dated({ id: 102 })]]]);
	await held(s, 101, 1, 6);
	await held(s, 102, 2, 6);
});

certify('K_32', MANUAL, async (s) => {
	await list(s, { chargingProfileId: [101] }, [[1, 'CSO', [dated()]]]);
	await held(s, 101, 1, 6);
	// K09.FR.03: by number or by anything else, not both
	const { status } = await s.depotd.api('POST', `${pathOf(s)}/commands`, {
		action: 'GetChargingProfiles', payload: { chargingProfile: { chargingProfileId: [101], stackLevel: 1 } },
	});
	assert.ok(status >= 400 && status < 500);
});

const QUESTIONS = {
	K_33: { evseId: 1, stackLevel: 1 },
	K_34: { evseId: 1, chargingLimitSource: ['CSO'] },
	K_35: { evseId: 1, chargingProfilePurpose: 'TxDefaultProfile' },
	K_36: { evseId: 1, chargingProfilePurpose: 'TxDefaultProfile', stackLevel: 1 },
};

for (const [number, criteria] of Object.entries(QUESTIONS))
	certify(number, MANUAL, async (s) => {
		await set(s, 1, dated({ id: 102, stackLevel: 3, validFrom: inHours(5), validTo: inHours(6) }));
		await list(s, criteria, [[1, 'CSO', [dated()]]]);
		await held(s, 101, 1, 6);
	});

// -- K05, K08 -------------------------------------------------------------------------------------

certify('K_37', MANUAL, async (s) => {
	const chargingProfile = profile({ chargingProfilePurpose: 'TxProfile', chargingProfileKind: 'Relative' });
	const payload = { evseId: 1, idToken: s.token, chargingProfile };
	const [q, k] = await exchange(s, 'RequestStartTransaction', payload, { status: 'Accepted' });
	const { remoteStartId, ...rest } = q;
	assert.ok(Number.isInteger(remoteStartId));
	assert.deepEqual(rest, payload); // K05.FR.02: no transactionId, there is none yet
	await goesOn(k);
	const r = await s.event('Started', 'RemoteStart', {
		info: { chargingState: 'EVConnected', remoteStartId }, evse: { id: 1, connectorId: 1 }, idToken: s.token,
	});
	assert.equal(r.idTokenInfo.status, 'Accepted');
	await ended(k);
	assert.equal((await transaction(s)).state, 'open');
	await held(s, 101, 1, 6);
});

/** Asks for a composite schedule; the operator gets it with the answer. */
async function composite(s, evseId) {
	for (const [chargingRateUnit, limit] of [['A', 10], ['W', 10000]]) {
		const payload = { evseId, duration: 300, chargingRateUnit };
		const schedule = {
			evseId, duration: 300, scheduleStart: inHours(0), chargingRateUnit,
			chargingSchedulePeriod: [{ startPeriod: 0, limit }],
		};
		const [q, k] = await exchange(s, 'GetCompositeSchedule', payload, { status: 'Accepted', schedule });
		assert.deepEqual(q, payload);
		assert.deepEqual((await ended(k)).response.schedule.chargingSchedulePeriod, schedule.chargingSchedulePeriod);
	}
}

certify('K_43', MANUAL, (s) => composite(s, 1));
certify('K_44', MANUAL, (s) => composite(s, 0));

// -- K11 to K13: limits from elsewhere ------------------------------------------------------------

const EMS = { chargingLimit: { chargingLimitSource: 'EMS', isGridCritical: true } };

/** A limit of the station's energy management system; without `w` its height is not told. */
const limits = (s, w, evseId) => s.call('NotifyChargingLimit', {
	...EMS, ...(evseId && { evseId }),
	...(w && { chargingSchedule: [{ id: 1, chargingRateUnit: 'W', chargingSchedulePeriod: period(w) }] }),
});

const lifted = (s) => s.call('ClearedChargingLimit', { chargingLimitSource: 'EMS' });

/** The limits from elsewhere that the operator is shown, by EVSE. */
async function foreign(s) {
	const { external_limits: list } = await get(`${pathOf(s)}/profiles`);
	return list.map((x) => [x.evse, x.source, x.grid_critical, x.limit_w]).sort((a, b) => a[0] - b[0]);
}

/** What others leave each EVSE, in the live view. */
const left = async (s) => (await view(s)).evses.map((e) => e.external_w && [e.external_w, e.external_source]);

certify('K_48', MANUAL, async (s) => {
	assert.deepEqual(await limits(s), {});
	assert.deepEqual(await limits(s, 5000, 1), {});
	assert.deepEqual(await foreign(s), [[0, 'EMS', true, undefined], [1, 'EMS', true, 5000]]);
	assert.deepEqual(await left(s), [[5000, 'EMS'], undefined], 'a limit of unknown height cuts nothing by itself');
	assert.deepEqual(await limits(s, 4000, 1), {}); // updated, not one more
	assert.deepEqual((await foreign(s))[1], [1, 'EMS', true, 4000]);
	assert.deepEqual(await left(s), [[4000, 'EMS'], undefined]);
});

certify('K_50', MANUAL, async (s) => {
	await limits(s, 6000);
	await limits(s, 5000, 1);
	assert.equal((await foreign(s)).length, 2);
	assert.deepEqual(await lifted(s), {});
	assert.deepEqual(await foreign(s), []);
	assert.deepEqual(await left(s), [undefined, undefined]);
	assert.deepEqual(await lifted(s), {}, 'lifted once more');
});

/** The limit that the van is under is depotd's own, or what was left it. */
const isTold = (s, what, is) => until(what, async () => is((await view(s)).evses[0].limit_w));

// here depotd controls: it gives the van what the other limit leaves, and more when that is gone
certify('K_51', {}, async (s) => {
	await s.energyTransferStarted();
	await isTold(s, 'a limit above 5 kW', (w) => w > 5000);
	assert.deepEqual(await limits(s, 5000), {});
	await isTold(s, 'what is left', (w) => w > 0 && w <= 5000);
	assert.deepEqual(await left(s).then((l) => l[0]), [5000, 'EMS']);
	assert.deepEqual(await lifted(s), {});
	await s.event('Updated', 'ChargingRateChanged', { info: { chargingState: 'Charging' } });
	assert.equal((await transaction(s)).state, 'open');
	assert.deepEqual(await foreign(s), []);
	assert.equal((await left(s))[0], undefined);
	await isTold(s, 'the limit from before', (w) => w > 5000);
});

certify('K_52', MANUAL, async (s) => {
	const foreign = profile({
		id: 7, chargingProfilePurpose: 'ChargingStationExternalConstraints', schedule: { startSchedule: inHours(0) },
	});
	await list(s, { chargingProfilePurpose: 'ChargingStationExternalConstraints' }, [[0, 'EMS', [foreign]]]);
	assert.equal((await held(s, 7, 0, 6)).source, 'EMS');
});

// -- K15 to K17: ISO 15118 ------------------------------------------------------------------------

const needs = (more = {}) => ({
	evseId: 1, maxScheduleTuples: 3,
	chargingNeeds: {
		requestedEnergyTransfer: 'AC_three_phase', departureTime: inHours(8),
		acChargingParameters: { energyAmount: 20000, evMinCurrent: 6, evMaxCurrent: 16, evMaxVoltage: 230 }, ...more,
	},
});

const isTxProfile = (q) => q.chargingProfile.chargingProfilePurpose === 'TxProfile';

/** The next profile for the transaction, which has to be of the form that an ISO 15118 EV can be told. */
async function given(s) {
	const q = await s.expect('SetChargingProfile', { status: 'Accepted' }, isTxProfile, 60000);
	const p = q.chargingProfile;
	assert.equal(q.evseId, 1);
	assert.equal(p.transactionId, s.tx.id);
	assert.ok(p.chargingSchedule.length <= 3, 'K15.FR.07');
	for (const c of p.chargingSchedule) {
		assert.ok(c.chargingSchedulePeriod.length <= 1024, 'K15.FR.08');
		assert.equal(c.chargingSchedulePeriod[0].startPeriod, 0);
	}
	return p;
}

/** The EV's own schedule, `by` times what it was given. */
const takes = (s, p, by = 1) => s.call('NotifyEVChargingSchedule', {
	timeBase: inHours(0), evseId: 1,
	chargingSchedule: {
		...p.chargingSchedule[0],
		chargingSchedulePeriod: p.chargingSchedule[0].chargingSchedulePeriod.map((c) => ({ ...c, limit: c.limit * by })),
	},
});

const charges = (s, trigger = 'ChargingStateChanged') => s.event('Updated', trigger, { info: { chargingState: 'Charging' } });

/** The EV's needs: depotd takes them, and then says what it may draw. */
async function negotiates(s, more) {
	const came = given(s);
	const r = await s.call('NotifyEVChargingNeeds', needs(more));
	assert.ok(['Accepted', 'Processing'].includes(r.status), r.status);
	const p = await came;
	const [shown] = (await get(`${pathOf(s)}/profiles`)).needs;
	assert.deepEqual([shown.transaction, shown.max_periods, shown.energy_wh], [s.tx.id, 3, 20000]);
	assert.equal(Date.parse(shown.departs_at), Date.parse(more?.departureTime ?? shown.departs_at));
	return p;
}

/** The reusable state ISO15118SmartCharging. */
async function smartCharging(s) {
	await s.authorized();
	await s.evConnected();
	const p = await negotiates(s);
	assert.equal((await takes(s, p)).status, 'Accepted');
	await charges(s);
	return p;
}

certify('K_53', {}, async (s) => {
	await smartCharging(s);
	const e = (await view(s)).evses[0];
	assert.ok(e.limit_w > 0, 'the EV may charge');
});

certify('K_55', {}, async (s) => {
	await s.authorized();
	await s.evConnected();
	const came = given(s);
	assert.equal((await s.call('NotifyEVChargingNeeds', needs())).status, 'Accepted');
	const p = await came;
	const anew = given(s);
	assert.equal((await takes(s, p, 2)).status, 'Rejected'); // K15.FR.12
	await charges(s);
	assert.equal((await takes(s, await anew)).status, 'Accepted');
	await charges(s);
});

certify('K_57', {}, async (s) => {
	await smartCharging(s);
	const p = await negotiates(s, { departureTime: inHours(3) });
	await charges(s);
	assert.equal((await takes(s, p)).status, 'Accepted');
});

/** The operator gives the EV another limit while it charges; what was sent. */
async function renegotiates(s) {
	await smartCharging(s);
	const [q] = await set(s, 1, dated({ stackLevel: 3, chargingProfilePurpose: 'TxProfile', transactionId: s.tx.id }));
	return q.chargingProfile;
}

certify('K_58', MANUAL, async (s) => {
	const p = await renegotiates(s);
	assert.equal((await takes(s, p)).status, 'Accepted');
	await charges(s);
	await held(s, 101, 1, 6);
});

certify('K_59', MANUAL, async (s) => {
	await renegotiates(s);
	const p = await negotiates(s, { departureTime: inHours(3) }); // K16.FR.12
	assert.equal((await takes(s, p)).status, 'Accepted');
	await charges(s);
});
