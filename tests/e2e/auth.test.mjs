// Who may charge: tokens, groups, master pass, one transaction at a time, and which vehicle it is.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Depotd, until } from './harness.mjs';
import { booted } from './peer.mjs';

const DEPOT = `
depot: test
name: Test depot
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 200000}
  - {id: hall, kind: feeder, parent: site, limit_w: 100000}
  - {id: yard, kind: feeder, parent: site, limit_w: 100000}
authorization:
  master_pass_group: POLICE
  concurrent_use: refuse
vehicles:
  - {id: VAN-1, token: CARD1, mac: "00:1A:2B:3C:4D:5E", battery_wh: 60000, max_ac_w: 11000, max_dc_w: 80000}
  - {id: VAN-2, token: CARD2, emaid: NLDEPC00000012, battery_wh: 60000, max_ac_w: 11000, max_dc_w: 80000}
  - {id: VAN-3, battery_wh: 60000, max_ac_w: 11000, max_dc_w: 80000}
bays:
  - {station: CP-B, evse: 1, vehicle: VAN-3}
`;

let d;
before(async () => (d = await new Depotd({ depot: DEPOT }).start()));
after(() => d.clean());

const card = (idToken, type = 'ISO14443') => ({ idToken, type });
const now = () => new Date().toISOString();

async function put(value, body = {}, type = 'ISO14443') {
	const r = await d.api('PUT', `/tokens/${type}/${value}`, body);
	assert.equal(r.status, 200, r.text);
}

/** One TransactionEvent; the response. */
function event(s, tx, seqNo, eventType, { evse = 1, token, trigger = 'CablePluggedIn', ...info } = {}) {
	return s.call('TransactionEvent', {
		eventType, timestamp: now(), triggerReason: trigger, seqNo,
		transactionInfo: { transactionId: tx, ...info },
		...(evse && { evse: { id: evse, connectorId: 1 } }),
		...(token && { idToken: token }),
	});
}

const authorize = async (s, token) => (await s.call('Authorize', { idToken: token })).idTokenInfo;

/** A station with two EVSEs; registered by name, so each test has its own. */
const station = (id, registration = {}) => booted(d, id, { registration: { evses: 2, ...registration } });

const evseOf = async (id, n = 1) => (await d.api('GET', `/stations/${id}`)).json.evses[n - 1];

test('rule 22: a token is the same in any case of letters, and keeps the spelling that it got', async () => {
	const s = await station('CP-CASE');
	await put('AbCd', { group: 'G' });
	await put('ABCD', { status: 'Blocked' });
	assert.equal((await authorize(s, card('abcd'))).status, 'Blocked');
	const { tokens } = (await d.api('GET', '/tokens')).json;
	const mine = tokens.filter((t) => t.value.toLowerCase() === 'abcd');
	assert.deepEqual(mine.map((t) => [t.value, t.status, t.group]), [['AbCd', 'Blocked', 'G']]);
	await s.close();
});

test('rule 30: each event with a token is judged again, and NoAuthorization is never refused', async () => {
	const s = await station('CP-AGAIN');
	await put('AGAIN');
	const first = await event(s, 'again', 0, 'Started', { token: card('AGAIN'), trigger: 'Authorized' });
	assert.equal(first.idTokenInfo.status, 'Accepted');
	assert.equal((await event(s, 'again', 1, 'Updated')).idTokenInfo, undefined);
	await put('AGAIN', { status: 'Blocked' });
	const then = await event(s, 'again', 2, 'Updated', { token: card('again'), trigger: 'Authorized' });
	assert.equal(then.idTokenInfo.status, 'Blocked');
	const button = await event(s, 'button', 0, 'Started', { evse: 2, token: card('', 'NoAuthorization') });
	assert.equal(button.idTokenInfo.status, 'Accepted');
	const stranger = await event(s, 'offline', 0, 'Started', { evse: 2, token: card('NOBODY') });
	assert.equal(stranger.idTokenInfo.status, 'Unknown');
	await s.close();
});

test('C09: the group goes with every answer, and a card of the group may stop', async () => {
	const s = await station('CP-GROUP');
	await put('ANNA', { group: 'FAMILY' });
	await put('BERT', { group: 'FAMILY' });
	for (const who of ['ANNA', 'BERT'])
		assert.deepEqual(await authorize(s, card(who)),
			{ status: 'Accepted', groupIdToken: { idToken: 'FAMILY', type: 'Central' } });
	await event(s, 'fam', 0, 'Started', { token: card('ANNA'), trigger: 'Authorized' });
	const stop = await event(s, 'fam', 1, 'Updated', { token: card('BERT'), trigger: 'StopAuthorized' });
	assert.equal(stop.idTokenInfo.status, 'Accepted');
	assert.equal(stop.idTokenInfo.groupIdToken.idToken, 'FAMILY');
	await event(s, 'fam', 2, 'Ended', { stoppedReason: 'Local', trigger: 'StopAuthorized' });
	const tx = await until('the transaction', async () =>
		(await d.api('GET', '/transactions/CP-GROUP/fam')).json?.transaction);
	assert.equal(tx.token, 'ANNA'); // whose transaction it is does not change by who ends it
	await s.close();
});

test('C16: a master pass is known by its group, ends any transaction and starts none', async () => {
	const s = await station('CP-MASTER');
	await put('DRIVER');
	await put('OFFICER', { group: 'police' });
	await event(s, 'm1', 0, 'Started', { token: card('DRIVER'), trigger: 'Authorized' });
	const info = await authorize(s, card('OFFICER'));
	assert.equal(info.status, 'Accepted');
	assert.equal(info.groupIdToken.idToken, 'police');
	const end = await event(s, 'm1', 1, 'Ended', {
		token: card('OFFICER'), trigger: 'StopAuthorized', stoppedReason: 'MasterPass' });
	assert.equal(end.idTokenInfo.status, 'Accepted');
	assert.equal(end.idTokenInfo.groupIdToken.idToken, 'police');
	const start = await event(s, 'm2', 0, 'Started', { token: card('OFFICER'), trigger: 'Authorized' });
	assert.equal(start.idTokenInfo.status, 'Invalid'); // C16.FR.03
	const view = (await d.api('GET', '/tokens/ISO14443/OFFICER')).json;
	assert.equal(view.is_master_pass, true);
	await s.close();
});

test('a token with an open transaction elsewhere is ConcurrentTx, never in its own transaction', async () => {
	const a = await station('CP-ONE');
	const b = await station('CP-TWO');
	await put('SOLO');
	const start = await event(a, 'solo', 0, 'Started', { token: card('SOLO'), trigger: 'Authorized' });
	assert.equal(start.idTokenInfo.status, 'Accepted');
	assert.equal((await authorize(a, card('SOLO'))).status, 'Accepted'); // it may be about to end
	assert.equal((await authorize(b, card('SOLO'))).status, 'ConcurrentTx');
	const again = await event(a, 'solo', 1, 'Updated', { token: card('solo'), trigger: 'Authorized' });
	assert.equal(again.idTokenInfo.status, 'Accepted');
	const second = await event(b, 'solo-2', 0, 'Started', { token: card('SOLO'), trigger: 'Authorized' });
	assert.equal(second.idTokenInfo.status, 'ConcurrentTx');
	await event(a, 'solo', 2, 'Ended', { token: card('SOLO'), trigger: 'StopAuthorized' });
	await event(b, 'solo-2', 1, 'Ended', {});
	assert.equal((await authorize(b, card('SOLO'))).status, 'Accepted');
	await a.close();
	await b.close();
});

test('C01: places, kinds and hours; languages and message; kept over a restart', async () => {
	const s = await station('CP-PLACE', { node: 'hall', evses: 2 });
	const o = await station('CP-OTHER', { node: 'yard' });
	await put('HALL', { nodes: ['hall'], language: 'nl', language2: 'en', message: 'Welkom', priority: -2 });
	await put('SECOND', { evses: ['CP-PLACE/2'] });
	await put('FAST', { kind: 'dc' });
	await put('NEVER', { windows: [] });
	const look = async () => {
		assert.deepEqual(await authorize(s, card('HALL')), {
			status: 'Accepted', chargingPriority: -2, language1: 'nl', language2: 'en',
			personalMessage: { format: 'UTF8', language: 'nl', content: 'Welkom' } });
		assert.equal((await authorize(o, card('HALL'))).status, 'NotAtThisLocation');
		assert.deepEqual(await authorize(s, card('SECOND')), { status: 'Accepted', evseId: [2] });
		assert.equal((await authorize(s, card('FAST'))).status, 'NotAllowedTypeEVSE');
	};
	await look();
	const there = await event(s, 'place', 0, 'Started', { token: card('SECOND'), trigger: 'Authorized' });
	assert.equal(there.idTokenInfo.status, 'NotAtThisLocation');
	assert.equal(there.idTokenInfo.evseId, undefined);
	/* one minute that is not now */
	const t = new Date(Date.now() + 6 * 3600e3).toISOString().slice(11, 13);
	await put('HOUR', { windows: [`${t}:00-${t}:01`] });
	assert.equal((await authorize(s, card('HOUR'))).status, 'NotAtThisTime');
	await put('HOUR', { windows: [] });
	assert.equal((await authorize(s, card('HOUR'))).status, 'Accepted');
	for (const [body, what] of [
		[{ nodes: ['attic'] }, /no node "attic"/], [{ evses: ['CP-99/1'] }, /CP-99\/1/], [{ kind: 'xx' }, /ac or dc/],
		[{ windows: ['lunch'] }, /hours like/], [{ language2: 'nl' }, /another language/],
		[{ vehicle: 'VAN-99' }, /no vehicle/], [{ status: 'Fine' }, /Accepted, Blocked/]]) {
		const r = await d.api('PUT', '/tokens/ISO14443/BAD', body);
		assert.equal(r.status, 422, r.text);
		assert.match(r.json.detail, what);
	}
	await d.stop();
	await d.start();
	await s.connect();
	await o.connect();
	await look();
	await s.close();
	await o.close();
});

test('which vehicle: the bay, then the card, then the vehicle itself; what was overruled is shown', async () => {
	const s = await station('CP-B');
	await event(s, 'v1', 0, 'Started');
	let e = await evseOf('CP-B');
	assert.deepEqual([e.vehicle, e.vehicle_by], ['VAN-3', 'bay rule']);
	await event(s, 'v1', 1, 'Updated', { token: card('CARD1'), trigger: 'Authorized' });
	e = await evseOf('CP-B');
	assert.deepEqual([e.vehicle, e.vehicle_by, e.vehicle_conflict],
		['VAN-1', 'token ISO14443 CARD1', 'the bay rule says VAN-3']);
	await s.call('NotifyEvent', { generatedAt: now(), seqNo: 0, eventData: [{
		eventId: 1, timestamp: now(), trigger: 'Delta', actualValue: 'nldepc00000012',
		eventNotificationType: 'HardWiredNotification',
		component: { name: 'ConnectedEV', evse: { id: 1 } }, variable: { name: 'VehicleID' } }] });
	e = await evseOf('CP-B');
	assert.deepEqual([e.vehicle, e.vehicle_by, e.vehicle_conflict], ['VAN-2',
		'vehicle identity nldepc00000012', 'the token ISO14443 CARD1 says VAN-1']);
	await event(s, 'v1', 2, 'Updated', { trigger: 'ChargingStateChanged', chargingState: 'Charging' });
	const { vehicles } = (await d.api('GET', '/overview')).json;
	const at = Object.fromEntries(vehicles.map((v) => [v.id, v.station]));
	assert.deepEqual(at, { 'VAN-1': undefined, 'VAN-2': 'CP-B', 'VAN-3': undefined });
	await event(s, 'v1', 3, 'Ended');
	/* a vehicle that its card puts elsewhere is not taken back by the bay rule */
	await put('CARD3', { vehicle: 'VAN-3' });
	await event(s, 'v2', 0, 'Started', { evse: 2, token: card('CARD3'), trigger: 'Authorized' });
	await event(s, 'v3', 0, 'Started');
	e = await evseOf('CP-B');
	assert.deepEqual([e.vehicle, e.vehicle_conflict], [undefined, 'the bay rule says VAN-3']);
	/* EVCCID as token, as Autocharge does */
	await event(s, 'v3', 1, 'Updated', { token: card('00:1a:2b:3c:4d:5e', 'MacAddress'), trigger: 'Authorized' });
	e = await evseOf('CP-B');
	assert.equal(e.vehicle, 'VAN-1');
	await event(s, 'v3', 2, 'Ended');
	await event(s, 'v2', 1, 'Ended', { evse: 2 });
	await s.close();
});

test('what a vehicle is known by: listed, set as a whole, and never taken from another by mistake', async () => {
	const look = async (id) => {
		const v = (await d.api('GET', `/vehicles/${id}`)).json;
		return [v.identities.map((t) => `${t.type}:${t.value}`).sort(), v.bays];
	};
	assert.deepEqual(await look('VAN-1'), [['ISO14443:CARD1', 'MacAddress:00:1A:2B:3C:4D:5E'], []]);
	assert.deepEqual((await look('VAN-3'))[1], ['CP-B/1']);
	const set = (id, ...identities) => d.api('PUT', `/vehicles/${id}/identities`, { identities });
	const mine = { type: 'ISO15693', value: 'NEW1' };
	assert.equal((await set('VAN-1', { type: 'ISO14443', value: 'card1' }, mine)).status, 200);
	assert.deepEqual(await look('VAN-1'), [['ISO14443:CARD1', 'ISO15693:NEW1'], []]);
	/* what it is known by no longer is a token still, of nobody */
	const mac = (await d.api('GET', '/tokens/MacAddress/00:1A:2B:3C:4D:5E')).json;
	assert.deepEqual([mac.status, mac.vehicle], ['Accepted', undefined]);
	const theirs = await set('VAN-2', mine);
	assert.equal(theirs.status, 409, theirs.text);
	assert.match(theirs.json.detail, /VAN-1's/);
	assert.equal((await set('VAN-2', { type: 'Plate', value: 'X' })).status, 400);
	assert.equal((await set('VAN-9', mine)).status, 404);
	assert.equal((await d.api('GET', '/vehicles')).json.vehicles.length, 3);
});

test('a van without a card that was accepted is told as that, by nobody as a turn that comes', async () => {
	const s = await booted(d, 'CP-W');
	await s.call('StatusNotification', { timestamp: now(), connectorStatus: 'Occupied', evseId: 1, connectorId: 1 });
	await event(s, 'w', 0, 'Started', { chargingState: 'EVConnected' });
	assert.equal((await authorize(s, card('NOBODY'))).status, 'Unknown');
	const look = async () => {
		const st = (await d.api('GET', '/stations/CP-W')).json;
		return [st.sentence, st.evses[0].limit_source, st.evses[0].limit_reason];
	};
	await until('what it waits for', async () => (await look())[1] === 'card');
	assert.deepEqual(await look(), ['CP-W: EVSE 1 waits for a card.', 'card', 'no card was accepted yet: its charger gives nothing']);
	await put('GUEST');
	await event(s, 'w', 1, 'Updated', { trigger: 'Authorized', chargingState: 'EVConnected', token: card('GUEST') });
	await until('it is let in', async () => (await look())[1] !== 'card');
	assert.equal((await look())[0], 'CP-W: EVSE 1 is plugged in.');
});
