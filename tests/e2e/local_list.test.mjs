// Local authorisation lists kept in sync (D01, D02): full, changes, repair, split, reconnection.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Depotd, sleep, until } from './harness.mjs';
import { booted } from './peer.mjs';

const DEPOT = `
depot: test
name: Test depot
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 60000}
authorization:
  list_settle_s: 1
  clear_cache: true
`;

let d;
before(async () => (d = await new Depotd({ depot: DEPOT }).start()));
after(() => d.clean());

const put = async (value, body = {}) => {
	const r = await d.api('PUT', `/tokens/ISO14443/${value}`, body);
	assert.equal(r.status, 200, r.text);
};
const drop = (value) => d.api('DELETE', `/tokens/ISO14443/${value}`);
const look = async (id) => (await d.api('GET', '/local-lists')).json.lists.find((l) => l.station === id);
const synced = (id, version) => until(`${id} to have version ${version}`, async () => {
	const l = await look(id);
	return l.state === 'synced' && l.doing === 'idle' && l.version === version && l;
}, 15000);

/** What a station with a local list does with it (D01.FR.15 to FR.19). */
function withList(version = 0) {
	const list = { version, tokens: new Map(), sent: [] };
	list.handlers = {
		GetLocalListVersion: () => ({ versionNumber: list.version }),
		SendLocalList: (q) => {
			list.sent.push(q);
			if (list.answer) return list.answer(q);
			const items = q.localAuthorizationList ?? [];
			const keys = items.map((e) => `${e.idToken.type}/${e.idToken.idToken}`.toLowerCase());
			assert.equal(new Set(keys).size, keys.length, 'D01.FR.06: each token once');
			assert.ok(q.versionNumber > 0);
			if (q.updateType === 'Differential' && q.versionNumber <= list.version)
				return { status: 'VersionMismatch' };
			if (q.updateType === 'Full') list.tokens.clear();
			items.forEach((e, i) => {
				if (q.updateType === 'Full') assert.ok(e.idTokenInfo, 'an entry of a full list has its info');
				if (e.idTokenInfo) list.tokens.set(keys[i], e.idTokenInfo);
				else list.tokens.delete(keys[i]);
			});
			list.version = q.versionNumber;
			return { status: 'Accepted' };
		},
	};
	return list;
}

const station = (id, list) => booted(d, id, { handlers: list.handlers });
const on = (id) => d.api('PUT', `/stations/${id}/local-list`, { mode: 'sync' });
const statusOf = (list, value) => list.tokens.get(`iso14443/${value.toLowerCase()}`)?.status;
const kinds = (list) => list.sent.map((q) => q.updateType[0]).join('');

test('rule 40: all of it first, then only changes, gathered; who is not switched on gets nothing', async () => {
	await put('A');
	await put('B', { group: 'G', expires: '2099-01-01T00:00:00Z' });
	await put('C', { status: 'Blocked' });
	const list = withList();
	const quiet = withList();
	const s = await station('CP-L1', list);
	const q = await station('CP-L2', quiet);
	assert.equal((await on('CP-L1')).status, 200);
	await synced('CP-L1', 1);
	assert.equal(kinds(list), 'F');
	assert.equal(statusOf(list, 'C'), 'Blocked');
	assert.deepEqual(list.tokens.get('iso14443/b'), { status: 'Accepted', cacheExpiryDateTime: '2099-01-01T00:00:00Z',
		groupIdToken: { idToken: 'G', type: 'Central' } });
	/* three changes, one message */
	await put('D');
	await put('A', { status: 'Blocked' });
	assert.equal((await drop('C')).status, 200);
	await synced('CP-L1', 2);
	assert.equal(kinds(list), 'FD');
	assert.deepEqual([...list.tokens].map(([k, v]) => `${k} ${v.status}`).sort(),
		['iso14443/a Blocked', 'iso14443/b Accepted', 'iso14443/d Accepted']);
	assert.equal(list.sent[1].localAuthorizationList.find((e) => e.idToken.idToken === 'C').idTokenInfo, undefined);
	/* what lists do not tell, and what changes back, is not sent */
	await put('D', { message: 'hello' });
	await sleep(1500);
	assert.equal(kinds(list), 'FD');
	assert.equal(quiet.sent.length, 0);
	const view = await look('CP-L1');
	assert.deepEqual([view.mode, view.mode_by, view.entries], ['sync', 'api', 3]);
	assert.equal((await look('CP-L2')).state, 'off');
	/* its commands are depotd's */
	const { commands } = (await d.api('GET', '/commands?station=CP-L1&action=SendLocalList')).json;
	assert.deepEqual([...new Set(commands.map((c) => c.actor))], ['depotd']);
	/* switched off: changes are not sent any more */
	await d.api('PUT', '/stations/CP-L1/local-list', { mode: 'off' });
	await put('E');
	await sleep(1500);
	assert.equal(kinds(list), 'FD');
	await s.close();
	await q.close();
});

test('a list that is what it should be is not sent again: after a reconnection and a restart', async () => {
	const list = withList();
	const s = await station('CP-L3', list);
	await on('CP-L3');
	await synced('CP-L3', 1);
	const asked = () => s.calls.filter((m) => m[2] === 'GetLocalListVersion').length;
	const before = asked();
	await s.close();
	await s.connect();
	await until('its version to be asked', () => asked() > before);
	await synced('CP-L3', 1);
	await d.stop();
	await d.start();
	await s.connect();
	await until('its version to be asked', () => asked() > before + 1);
	await synced('CP-L3', 1);
	assert.equal(kinds(list), 'F');
	/* a change while it was away comes when it is back */
	await s.close();
	await put('AWAY');
	assert.equal((await look('CP-L3')).state, 'behind');
	await s.connect();
	await synced('CP-L3', 2);
	assert.equal(kinds(list), 'FD');
	/* and one that depotd only learnt of by its journal: all of it */
	await s.close();
	await put('AWAY2');
	await d.stop();
	await d.start();
	await s.connect();
	await synced('CP-L3', 3);
	assert.equal(kinds(list), 'FDF');
	assert.equal(statusOf(list, 'AWAY2'), 'Accepted');
	await s.close();
});

test('repair: another version, VersionMismatch, Failed; and an end to it', async () => {
	const list = withList(40); // somebody else's
	const s = await station('CP-L4', list);
	await on('CP-L4');
	await synced('CP-L4', 41);
	assert.equal(kinds(list), 'F');
	/* the station has moved on by itself */
	list.version = 90;
	await put('M1');
	await synced('CP-L4', 91);
	assert.deepEqual(list.sent.map((q) => [q.updateType, q.versionNumber]).slice(1),
		[['Differential', 42], ['Full', 91]]);
	assert.equal(statusOf(list, 'M1'), 'Accepted');
	/* Failed once */
	list.answer = () => { delete list.answer; return { status: 'Failed' }; };
	await put('M2');
	await synced('CP-L4', 92);
	assert.equal(statusOf(list, 'M2'), 'Accepted');
	/* Failed for ever: a few times, then it is shown and left alone */
	const n = list.sent.length;
	list.answer = () => ({ status: 'Failed' });
	await put('M3');
	const bad = await until('it to give up', async () => {
		const l = await look('CP-L4');
		return l.state === 'failed' && l.doing === 'idle' && l;
	}, 20000);
	assert.match(bad.note, /SendLocalList: Failed/);
	assert.ok(list.sent.length - n <= 5, `${list.sent.length - n} tries`);
	delete list.answer;
	const r = await d.api('POST', '/stations/CP-L4/local-list/sync');
	assert.equal(r.status, 202, r.text);
	await until('all of it', async () => (await look('CP-L4')).state === 'synced');
	assert.equal(statusOf(list, 'M3'), 'Accepted');
	await s.close();
	assert.equal((await d.api('POST', '/stations/CP-L4/local-list/sync')).status, 409);
});

test('rule 20: as many entries in a message as the station takes: Full first, then the rest', async () => {
	const list = withList();
	for (let i = 0; i < 9; i++) await put(`S${i}`);
	const total = (await d.api('GET', '/local-lists')).json.tokens;
	const s = await station('CP-L5', list);
	s.handlers.GetVariables = (q) => ({ getVariableResult: q.getVariableData.map((v) => ({
		...v, attributeStatus: 'Accepted', attributeValue: v.variable.name === 'ItemsPerMessage' ? '4' : '2000' })) });
	const learnt = await d.api('POST', '/stations/CP-L5/commands', { action: 'GetVariables', payload: {
		getVariableData: ['ItemsPerMessage', 'BytesPerMessage'].map((name) =>
			({ component: { name: 'LocalAuthListCtrlr' }, variable: { name } })) } });
	assert.equal(learnt.json.state, 'done', learnt.text);
	await on('CP-L5');
	const parts = Math.ceil(total / 4);
	await synced('CP-L5', parts);
	assert.equal(kinds(list), 'F' + 'D'.repeat(parts - 1));
	for (const q of list.sent) assert.ok(q.localAuthorizationList.length <= 4);
	assert.equal(list.tokens.size, total);
	await s.close();
});

test('a station without lists is left alone; a list of an operator is put right', async () => {
	const list = withList();
	const s = await station('CP-L6', list);
	const version = s.handlers.GetLocalListVersion;
	s.handlers.GetLocalListVersion = (q, m) => [4, m[1], 'NotImplemented', '', {}];
	await on('CP-L6');
	const l = await until('it to give up', async () => {
		const v = await look('CP-L6');
		return v.state === 'failed' && v;
	});
	assert.match(l.note, /does not offer/);
	s.handlers.GetLocalListVersion = version;
	await d.api('POST', '/stations/CP-L6/local-list/sync');
	await synced('CP-L6', 1);
	const raw = await d.api('POST', '/stations/CP-L6/commands', {
		action: 'SendLocalList', payload: { versionNumber: 7, updateType: 'Full' } });
	assert.equal(raw.json.state, 'done', raw.text);
	await synced('CP-L6', 8);
	assert.equal(kinds(list), 'FFF');
	await s.close();
});

test('rule 39: N10.FR.02 what was cleared of a customer leaves the list too', async () => {
	const list = withList();
	await put('FORGET');
	const s = await station('CP-L7', list);
	await on('CP-L7');
	await synced('CP-L7', 1);
	assert.equal(statusOf(list, 'FORGET'), 'Accepted');
	const r = await d.api('POST', '/stations/CP-L7/commands', { action: 'CustomerInformation', payload: {
		report: false, clear: true, idToken: { idToken: 'FORGET', type: 'ISO14443' } } });
	assert.equal(r.json.state, 'running', r.text); // N10.FR.06: it is over when the station says that it cleared
	await synced('CP-L7', 2);
	assert.equal(kinds(list), 'FD');
	assert.equal(statusOf(list, 'FORGET'), undefined);
	await s.close();
});

test("the depot's file says who has a list, and an operator goes before it", async (t) => {
	const other = await new Depotd({ depot: `
depot: other
name: Other depot
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 60000}
stations:
  - {id: CP-F1, node: site, evses: [{id: 1, kind: ac, max_w: 22000}]}
  - {id: CP-F2, node: site, local_list: off, evses: [{id: 1, kind: ac, max_w: 22000}]}
authorization: {local_list: sync, list_settle_s: 0}
` }).start();
	t.after(() => other.clean());
	const lists = async () => Object.fromEntries((await other.api('GET', '/local-lists')).json.lists.map((l) =>
		[l.station, `${l.mode} ${l.mode_by} ${l.state}`]));
	assert.deepEqual(await lists(), { 'CP-F1': 'sync file behind', 'CP-F2': 'off file off' });
	const list = withList();
	const s = await booted(other, 'CP-F1', { handlers: list.handlers });
	await until('an empty list', async () => (await lists())['CP-F1'] === 'sync file synced');
	assert.deepEqual(list.sent, [{ versionNumber: 1, updateType: 'Full' }]); // D01.FR.04
	await other.api('PUT', '/stations/CP-F1/local-list', { mode: 'off' });
	assert.equal((await lists())['CP-F1'], 'off api off');
	await s.close();
});

test('caches are cleared on demand with a result for each, and when a token is refused anew', async () => {
	const a = await booted(d, 'CP-K1');
	const b = await booted(d, 'CP-K2', { handlers: { ClearCache: () => ({ status: 'Rejected' }) } });
	const cleared = (s) => s.calls.filter((m) => m[2] === 'ClearCache').length;
	const r = await d.api('POST', '/authorization-cache/clear', { stations: ['CP-K1', 'cp-k2', 'CP-NONE'] });
	assert.deepEqual(r.json.results.map((x) => [x.station, x.state]),
		[['CP-K1', 'done'], ['CP-K2', 'refused'], ['CP-NONE', 'refused']]);
	const all = await d.api('POST', '/authorization-cache/clear', {});
	assert.deepEqual(all.json.results.map((x) => x.station).filter((x) => x.startsWith('CP-K')).sort(), ['CP-K1', 'CP-K2']);
	const n = cleared(a);
	await put('LOST');
	await put('LOST', { status: 'Blocked' });
	await until('the cache to be cleared', () => cleared(a) > n);
	await put('LOST', { status: 'Blocked' });
	await a.call('Heartbeat', {});
	assert.equal(cleared(a), n + 1);
	await a.close();
	await b.close();
});

test('rule 40: a list that an operator sends himself is judged before it is sent', async () => {
	const list = withList();
	const s = await booted(d, 'OWN-LIST', { handlers: list.handlers });
	const entry = (id, info = { status: 'Accepted' }) => ({ idToken: { idToken: id, type: 'ISO14443' }, ...(info && { idTokenInfo: info }) });
	const send = async (payload) => (await d.api('POST', '/stations/OWN-LIST/commands', { action: 'SendLocalList', payload })).json;
	const refused = [
		[{ versionNumber: 0, updateType: 'Full' }, /greater than 0 \(D01\.FR\.18\)/],
		[{ versionNumber: -1, updateType: 'Differential' }, /greater than 0/],
		[{ versionNumber: 1, updateType: 'Full', localAuthorizationList: [entry('A'), entry('a')] }, /there twice \(D01\.FR\.06\)/],
		[{ versionNumber: 1, updateType: 'Full', localAuthorizationList: [entry('A', null)] }, /needs an idTokenInfo/],
	];
	for (const [payload, words] of refused) assert.match((await send(payload)).detail, words);
	assert.equal(list.sent.length, 0);
	assert.equal((await send({ versionNumber: 5, updateType: 'Full', localAuthorizationList: [entry('A'), entry('B')] })).state, 'done');
	for (const versionNumber of [4, 5])
		assert.match((await send({ versionNumber, updateType: 'Differential', localAuthorizationList: [entry('C')] })).detail, /greater than 5.*D01\.FR\.19/);
	assert.equal((await send({ versionNumber: 6, updateType: 'Differential', localAuthorizationList: [entry('A', null)] })).state, 'done');
	assert.equal(list.sent.length, 2);
	await s.close();
});
