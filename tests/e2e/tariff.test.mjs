// What the depot pays for energy: tariffs by file and API, series that are fetched from a server that
// dies, hangs and lies, and what is reckoned with meanwhile.
import test from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, Depotd, until } from './harness.mjs';
import { booted } from './peer.mjs';

const HOUR = 3600_000;

/** A market place; `answer(req, res)` is set by each test. */
async function market(t) {
	const m = { asked: 0, answer: (req, res) => res.writeHead(404).end() };
	const server = http.createServer((req, res) => { m.asked++; m.url = req.url; m.answer(req, res); });
	await new Promise((r) => server.listen(0, '127.0.0.1', r));
	t.after(() => { server.closeAllConnections(); server.close(); });
	m.port = server.address().port;
	return m;
}

const depot = (port, more = '') => `
depot: test
name: Test depot
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 60000}
tariffs:
  - id: dynamic
    currency: EUR
    import:
      - {id: market, series: day-ahead, add: 0.02}
      - {id: tax, price: 0.1}
    export: [{id: market, series: day-ahead}]
    demand: [{id: peak, price: 5, hours: ["07:00-23:00"]}]
prices:
  - id: day-ahead
    currency: EUR
    fetch: {url: "http://127.0.0.1:${port}/api?from={from}&to={to}&key={token}", format: entsoe, timeout_s: 1${more}}
`;

const iso = (ms) => new Date(ms).toISOString().slice(0, 16) + 'Z';

/** A market document of hours from `start` on; equal neighbours are left out, as A03 does. */
function document(start, prices) {
	const points = prices.map((p, i) => (i && p === prices[i - 1] ? '' :
		`<Point><position>${i + 1}</position><price.amount>${p}</price.amount></Point>`)).join('');
	return `<?xml version="1.0"?><Publication_MarketDocument xmlns="urn:iec62325.351:tc57wg16:451-3:publicationdocument:7:3"><TimeSeries>
<currency_Unit.name>EUR</currency_Unit.name><price_Measure_Unit.name>MWH</price_Measure_Unit.name><curveType>A03</curveType>
<Period><timeInterval><start>${iso(start)}</start><end>${iso(start + prices.length * HOUR)}</end></timeInterval>
<resolution>PT60M</resolution>${points}</Period></TimeSeries></Publication_MarketDocument>`;
}

const ctl = (d, ...args) => execFileSync(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), ...args], { encoding: 'utf8' });
const series = async (d) => (await d.api('GET', '/price-series')).json.series[0];
const thisHour = () => Math.floor(Date.now() / HOUR) * HOUR;

test('a tariff is judged, put in force, survives a restart and a changed file', async (t) => {
	const m = await market(t);
	const d = await new Depotd({ depot: depot(m.port) }).start();
	t.after(() => d.clean());
	const flat = (price) => ({ id: 'flat', currency: 'EUR', valid_from: '2026-01-01', import: [{ id: 'e', price }] });
	assert.equal((await d.api('PUT', '/tariffs/flat?check=1', flat(0.3))).status, 200);
	/* 300 a MWh is meant */
	assert.match((await d.api('PUT', '/tariffs/flat?check=1', flat(300))).json.text, /import\[0\]: .* 300 is seldom one: if it is meant a MWh, write 0\.3/);
	assert.deepEqual((await d.api('GET', '/tariffs')).json.tariffs.map((x) => [x.id, x.in_force, x.from_file]), [['dynamic', true, true]]);
	const bad = { ...flat(0.3), import: [{ id: 'e', periods: [{ id: 'day', price: 1 }, { id: 'night', hours: ['22:00-06:00'], price: 1 }] }] };
	const refused = await d.api('PUT', '/tariffs/flat', bad);
	assert.equal(refused.status, 400);
	assert.match(refused.json.detail, /"day" and "night" overlap/);
	const tried = await d.api('POST', '/tariffs/try', bad);
	assert.deepEqual([tried.status, /"day" and "night" overlap/.test(tried.json.detail)], [400, true]);
	/* the days on which the clock changes have 23 and 25 hours of quarters */
	for (const [day, slots] of [['2026-03-29', 92], ['2026-10-25', 100]]) {
		const r = (await d.api('POST', `/tariffs/try?day=${day}`, flat(0.4))).json;
		assert.deepEqual([r.slots.length, r.slots[0].import, r.slot_s], [slots, 0.4, 900], day);
	}
	assert.equal((await d.api('POST', '/tariffs/try?days=15', flat(0.4))).status, 400);
	assert.equal((await d.api('GET', '/tariffs')).json.tariffs.length, 1);
	assert.equal((await d.api('PUT', '/tariffs/flat', flat(0.3))).status, 200);
	const list = (await d.api('GET', '/tariffs')).json;
	assert.match(list.sentence, /^flat is in force\./);
	assert.equal(ctl(d, 'tariff').split('\n')[0], list.sentence);
	const slots = (await d.api('GET', '/prices')).json;
	assert.equal(slots.tariff, 'flat');
	assert.equal(slots.slots.length, 24);
	assert.deepEqual([slots.slots[0].import, slots.slots[0].source], [0.3, 'fixed']);
	/* a change of a tariff of the file counts until the file itself is another */
	const own = (await d.api('GET', '/tariffs/dynamic')).json;
	own.import[1].price = 0.2;
	assert.equal((await d.api('PUT', '/tariffs/dynamic', own)).status, 200);
	await d.stop();
	await d.start();
	assert.equal((await d.api('GET', '/tariffs/dynamic')).json.import[1].price, 0.2);
	assert.deepEqual((await d.api('GET', '/tariffs')).json.tariffs.map((x) => [x.id, x.in_force, x.from_file]).sort(),
		[['dynamic', false, false], ['flat', true, false]]);
	await d.stop();
	const file = join(d.dir, 'depot.yaml');
	writeFileSync(file, readFileSync(file, 'utf8').replace('price: 0.1}', 'price: 0.15}'));
	await d.start();
	assert.equal((await d.api('GET', '/tariffs/dynamic')).json.import[1].price, 0.15);
	assert.equal((await d.api('DELETE', '/tariffs/flat')).status, 200);
	assert.equal((await d.api('GET', '/prices')).json.tariff, 'dynamic');
	const events = (await d.api('GET', '/journal?stream=tariff/')).json.events.map((e) => [e.stream, e.actor.split(':')[0]]);
	assert.deepEqual(events.map((e) => e[0]), ['tariff/dynamic', 'tariff/flat', 'tariff/dynamic', 'tariff/dynamic', 'tariff/flat']);
	assert.deepEqual([events[0][1], events[3][1]], ['file', 'file']);
});

test('a real tariff by depotctl; the one whose masks overlap is refused with its line', async (t) => {
	const m = await market(t);
	const d = await new Depotd({ depot: depot(m.port) }).start();
	t.after(() => d.clean());
	assert.match(ctl(d, 'tariff', 'set', 'etc/tariffs/sce-tou-ev-8.yaml'), /in force/);
	assert.match(ctl(d, 'tariff', 'show', 'sce-tou-ev-8'), /summer-weekday peak.*weekdays {2}16:00-21:00 {2}0.49619/);
	assert.match(ctl(d, 'tariff'), /sce-tou-ev-8 .*in force/);
	assert.match(ctl(d, 'prices'), /[▁█].* USD\/kWh \(sce-tou-ev-8\)/);
	assert.throws(() => ctl(d, 'tariff', 'check', 'tests/unit/tariffs/pge-a10-tou.yaml'), (e) =>
		/"Winter-Weekday off-peak" and "Winter-Weekend" overlap/.test(e.stderr));
});

test('prices are fetched, with source and age; omitted points repeat; the key is in no record', async (t) => {
	const m = await market(t);
	const start = thisHour() - 2 * HOUR;
	m.answer = (req, res) => res.end(document(start, [10, 20, 30, 30, 30, 60, ...Array(30).fill(40)]));
	const d = new Depotd({ depot: depot(m.port, ', token_file: TOKEN') });
	t.after(() => d.clean());
	const token = join(d.dir, 'token');
	writeFileSync(token, 'geheim42\n');
	const file = join(d.dir, 'depot.yaml');
	writeFileSync(file, readFileSync(file, 'utf8').replace('TOKEN', token));
	await d.start();
	await until('the series came', async () => (await series(d)).received_at);
	assert.match(m.url, /^\/api\?from=\d{12}&to=\d{12}&key=geheim42$/);
	const { slots, demand } = (await d.api('GET', '/prices')).json;
	/* 30 EUR/MWh + 0.02 + 0.1 */
	assert.deepEqual(slots.slice(0, 4).map((s) => [s.import, s.export, s.source]),
		[[0.15, 0.03, 'series'], [0.15, 0.03, 'series'], [0.15, 0.03, 'series'], [0.18, 0.06, 'series']]);
	assert.ok(Date.now() - Date.parse(slots[0].received) < 60_000);
	assert.deepEqual([demand[0].id, demand[0].price_kw, demand[0].interval_min], ['peak', 5, 15]);
	/* told again it is no news: one event */
	const asked = m.asked;
	await d.api('POST', '/price-series/day-ahead/fetch');
	await until('it was asked again', async () => m.asked > asked);
	await until('… and took it', async () => (await series(d)).failures === 0);
	const journal = JSON.stringify((await d.api('GET', '/journal?stream=prices/')).json);
	assert.equal(journal.match(/PricesReceived/g).length, 1);
	assert.ok(!journal.includes('geheim42') && !d.logged().includes('geheim42'));
	/* the cache: a restart without the market */
	m.answer = (req, res) => req.socket.destroy();
	await d.stop();
	await d.start();
	assert.equal((await d.api('GET', '/prices')).json.slots[0].source, 'series');
	await until('the failure is told', async () => (await series(d)).trouble?.includes('gave no answer'));
	assert.match(ctl(d, 'prices', 'series'), /gave no answer/);
});

test('a market that dies, hangs and lies: visible fallbacks, an alarm, and a circuit that opens and closes', async (t) => {
	const m = await market(t);
	const d = await new Depotd({ depot: depot(m.port) }).start();
	t.after(() => d.clean());
	const source = async () => (await d.api('GET', '/prices')).json.slots[0].source;
	assert.equal(await source(), 'none');
	await until('the first failure', async () => /answered 404/.test((await series(d)).trouble ?? ''));
	const alarm = async () => (await d.api('GET', '/alarms')).json.alarms.find((a) => a.kind === 'prices-missing');
	await until('an alarm', alarm);
	/* by hand: yesterday's prices; what is reckoned with says so */
	const yesterday = thisHour() - 24 * HOUR;
	const put = await d.api('PUT', '/price-series/day-ahead', { start: new Date(yesterday).toISOString(), step_s: 3600, values: [...Array(24).keys()] });
	assert.deepEqual([put.status, put.json.values, put.json.news], [200, 24, 24]);
	const first = (await d.api('GET', '/prices')).json.slots[5];
	assert.deepEqual([first.source, first.import], ['yesterday', 0.125]);
	const lies = [
		[(req, res) => res.end('<html>busy</html>'), /cannot be used/],
		[(req, res) => res.end(document(thisHour(), [5]).replace('EUR', 'PLN')), /PLN, not EUR/],
		[(req, res) => res.end('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), /document type/],
		[(req, res) => res.end('x'.repeat(3_000_000)), /longer than/],
		[() => {}, /timed out/], /* hangs: a second */
	];
	for (const [answer, says] of lies) {
		m.answer = answer;
		await d.api('POST', '/price-series/day-ahead/fetch');
		await until(`it says ${says}`, async () => says.test((await series(d)).trouble ?? ''));
		assert.equal(await source(), 'yesterday');
	}
	const broken = await series(d);
	assert.ok(broken.broken && broken.failures >= 5);
	assert.ok(Date.parse(broken.next_at) - Date.now() > 30 * 60_000, 'tried in its usual pace only');
	m.answer = (req, res) => res.end(document(thisHour(), Array(30).fill(70)));
	await d.api('POST', '/price-series/day-ahead/fetch');
	await until('it is well again', async () => { const s = await series(d); return !s.broken && !s.failures && !s.trouble; });
	assert.equal(await source(), 'series');
});

/** One TransactionEvent at time `at`, with the import register. */
const event = (st, seqNo, eventType, at, wh, more = {}) => st.call('TransactionEvent', {
	eventType, timestamp: new Date(at).toISOString(), triggerReason: 'MeterValuePeriodic', seqNo,
	transactionInfo: { transactionId: 'a', ...more }, evse: { id: 1, connectorId: 1 },
	meterValue: [{ timestamp: new Date(at).toISOString(), sampledValue: [{ value: wh }] }],
});

test('what a session cost: expected by the first plan, settled at its end, the same again from the journal', async (t) => {
	/* half of each hour dear: a slot of a quarter belongs to one of them */
	const hours = (from, to) => Array.from({ length: 24 }, (_, h) => h)
		.filter((h) => h % 2 === from).map((h) => `${String(h).padStart(2, '0')}:00-${String(h + 1).padStart(2, '0')}:00`);
	const periods = [0, 1].flatMap((odd) => [0, 1, 2].map((part) =>
		`{id: p${odd}${part}, hours: [${hours(odd).slice(part * 4, part * 4 + 4).map((x) => `"${x}"`)}], price: ${odd ? 0.4 : 0.1}}`));
	const origin = Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1e6);
	const d = await new Depotd({ args: ['--speed', '30', '--start', '2026-03-10T20:00:00Z', '--origin', String(origin)], depot: `
depot: test
name: Test depot
timezone: UTC
nodes: [{id: site, kind: site, limit_w: 60000}]
vehicles: [{id: VAN-1, mac: VAN-1, battery_wh: 60000, max_ac_w: 11000, max_dc_w: 0, need_wh: 20000, departs: "06:00"}]
bays: [{station: CP-1, evse: 1, vehicle: VAN-1}]
tariffs:
  - {id: odd, currency: EUR, import: [{id: e, periods: [${periods}]}], carbon: {price_t: 100, g_kwh: 200}, idle: {grace_min: 60, price_h: 6}}
` }).start();
	t.after(() => d.clean());
	const s = await booted(d, 'CP-1');
	const even = Date.parse('2026-03-10T16:00:00Z');
	await event(s, 0, 'Started', even, 1000);
	await event(s, 1, 'Updated', even + HOUR, 11000); /* 10 kWh at 0.1 */
	await event(s, 2, 'Updated', even + 1.5 * HOUR, 16000); /* 5 kWh at 0.4 */
	const expected = await until('an estimate', async () =>
		(await d.api('GET', '/journal?stream=energycost/')).json.events.find((e) => e.type === 'EnergyCostEstimated'), 20000);
	assert.equal(expected.stream, 'energycost/CP-1/a');
	await event(s, 3, 'Ended', even + 4 * HOUR, 16000, { stoppedReason: 'Local' });
	const cost = await until('the cost', async () => (await d.api('GET', '/costs')).json.costs[0], 20000);
	assert.deepEqual([cost.key, cost.vehicle, cost.energy_kwh, cost.energy_cost, cost.carbon_cost, cost.source, cost.tariff],
		['CP-1/a', 'VAN-1', 15, 3, 0.3, 'fixed', 'odd']);
	/* plugged in for two and a half hours after its last energy, one of them is free */
	assert.deepEqual([cost.idle_cost, cost.total], [9, 12]);
	assert.ok(cost.estimate_kwh > 0 && cost.estimate_cost > 0);
	assert.deepEqual([cost.estimated, cost.estimated_cost, cost.guesses], [1, 3, 0]);
	const again = (await d.api('GET', '/costs/CP-1/a')).json;
	assert.deepEqual([again.agrees, again.energy_cost, again.slots.length], [true, 3, 6]);
	/* the page of the session says the same */
	const course = (await d.api('GET', '/transactions/CP-1/a/course')).json;
	assert.deepEqual([course.energy_cost, course.idle_cost, course.estimate_cost, course.tariff], [3, 9, cost.estimate_cost, 'odd']);
	assert.match(course.sentence, /^VAN-1 took 15\.0\u202fkWh at CP-1\/1, /);
	assert.match(course.sub, /^It cost 12\.00 EUR, 9\.00 EUR of it for standing there; for the energy [\d.]+ EUR was expected\. It ended by Local\. /);
	assert.deepEqual([course.plan !== undefined, course.planned.length > 0, course.no_plan], [true, true, undefined]);
	assert.ok(ctl(d, 'session', 'CP-1', 'a').startsWith(`${course.sentence}\n${course.sub}\n`));
	assert.equal((await d.api('GET', '/transactions/CP-1/none/course')).status, 404);
	assert.deepEqual(again.slots[0], { start: new Date(even).toISOString().replace('.000', ''), energy_wh: 2500, price: 0.12 });
	const csv = (await d.api('GET', '/costs?by=vehicle&format=csv')).text.split('\r\n');
	assert.match(csv[1], /^VAN-1,VAN-1,1,EUR,odd,15.000,3.000000,,9.000000,12.000000,0.300000,.*,1,3.000000,0$/);
	const day = new Date(even + 4 * HOUR).toISOString().slice(0, 10);
	assert.equal((await d.api('GET', '/costs?by=day')).json.costs[0].key, day);
	assert.match(ctl(d, 'costs'), /CP-1\/a +VAN-1 +1 +15.0 +3.00/);
	assert.match(ctl(d, 'costs', 'CP-1', 'a'), /the same to the last millionth/);
	/* another price since: the journal says so */
	const tariff = (await d.api('GET', '/tariffs/odd')).json;
	tariff.import[0].periods[0].price = tariff.import[0].periods[1].price = tariff.import[0].periods[2].price = 0.2;
	assert.equal((await d.api('PUT', '/tariffs/odd', tariff)).status, 200);
	assert.equal((await d.api('GET', '/costs/CP-1/a')).json.agrees, false);
});

test('what is expected before the vehicle is known is a guess, and gives way', async (t) => {
	const origin = Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1e6);
	const d = await new Depotd({ args: ['--speed', '30', '--start', '2026-03-10T20:00:00Z', '--origin', String(origin)], depot: `
depot: test
name: Test depot
timezone: UTC
nodes: [{id: site, kind: site, limit_w: 60000}]
stations: [{id: CP-1, node: site, evses: [{id: 1, kind: ac, max_w: 11000, min_w: 1400, tail_w: 1400}]}]
vehicles: [{id: VAN-1, token: CARD, battery_wh: 60000, max_ac_w: 11000, max_dc_w: 0, need_wh: 9000}]
tariffs: [{id: flat, currency: EUR, import: [{id: e, price: 0.2}], carbon: {price_t: 100, g_kwh: 200}}]
` }).start();
	t.after(() => d.clean());
	let s = await booted(d, 'CP-1');
	const began = Date.parse('2026-03-10T18:00:00Z');
	const estimates = async (n) => until(`${n} estimates`, async () => {
		const e = (await d.api('GET', '/journal?stream=energycost/')).json.events.filter((x) => x.type === 'EnergyCostEstimated');
		return e.length === n && e.map((x) => x.payload);
	}, 20000);
	await event(s, 0, 'Started', began, 1000);
	const [guess] = await estimates(1);
	assert.equal(guess.guess, 2);
	assert.ok(guess.energy_wh > 20000, JSON.stringify(guess)); /* 30 kWh: nobody knows */
	await s.call('TransactionEvent', { eventType: 'Updated', timestamp: new Date(began + 1000).toISOString(), triggerReason: 'Authorized', seqNo: 1,
		transactionInfo: { transactionId: 'a' }, evse: { id: 1, connectorId: 1 }, idToken: { idToken: 'CARD', type: 'ISO14443' } });
	const known = (await estimates(2)).find((e) => !e.guess);
	assert.ok(Math.abs(known.energy_wh - 10000) < 200, JSON.stringify(known)); /* nine tenths are stored */
	assert.ok(Math.abs(known.cost_micro - known.energy_wh * 200) < 200, 'carbon is in no bill');
	await event(s, 2, 'Ended', began + 2 * HOUR, 11000, { stoppedReason: 'Local' });
	const cost = await until('the cost', async () => (await d.api('GET', '/costs?by=vehicle')).json.costs[0], 20000);
	assert.deepEqual([cost.vehicle, cost.estimated, cost.guesses, cost.estimated_cost], ['VAN-1', 1, 0, cost.energy_cost]);
	assert.ok(Math.abs(cost.estimate_cost - cost.energy_cost) < 0.1, JSON.stringify(cost));
	/* what becomes known when most is in the battery is no expectation any more */
	const b = { transactionId: 'b' }, later = began + 3 * HOUR;
	await event(s, 0, 'Started', later, 11000, b);
	assert.deepEqual((await estimates(3)).map((e) => e.guess ?? 0).sort(), [0, 2, 2]);
	await event(s, 1, 'Updated', later + HOUR / 2, 19000, b);
	/* that there is an estimate already outlives a restart */
	await d.stop('SIGKILL');
	await d.start();
	s = await booted(d, 'CP-1');
	await s.call('TransactionEvent', { eventType: 'Updated', timestamp: new Date(later + HOUR / 2 + 1000).toISOString(), triggerReason: 'Authorized', seqNo: 2,
		transactionInfo: b, evse: { id: 1, connectorId: 1 }, idToken: { idToken: 'CARD', type: 'ISO14443' } });
	await until('the plan knows it', async () => (await d.api('GET', '/plan')).json.vehicles.some((v) => v.id === 'VAN-1'), 20000);
	await event(s, 3, 'Ended', later + HOUR, 20000, { ...b, stoppedReason: 'Local' });
	const late = await until('its cost', async () => (await d.api('GET', '/costs')).json.costs.find((x) => x.key === 'CP-1/b'), 20000);
	assert.deepEqual([late.guesses, late.estimate_kwh > 20], [1, true]);
});

test('prices that the loop has forgotten are read from the store', async (t) => {
	const m = await market(t);
	const origin = Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1e6);
	const clock = (start) => ['--speed', '30', '--start', start, '--origin', String(origin)];
	const d = new Depotd({ args: clock('2026-03-10T20:00:00Z'), depot: depot(m.port) });
	t.after(() => d.clean());
	await d.start();
	const from = Date.parse('2026-03-10T16:00:00Z');
	assert.equal((await d.api('PUT', '/price-series/day-ahead', { start: '2026-03-10T00:00:00Z', values: Array(24).fill(100) })).status, 200);
	const s = await booted(d, 'CP-1');
	await event(s, 0, 'Started', from, 1000);
	await event(s, 1, 'Ended', from + 2 * HOUR, 11000, { stoppedReason: 'Local' });
	await until('the cost', async () => (await d.api('GET', '/costs')).json.costs[0], 20000);
	await d.stop();
	d.args = clock('2026-09-01T00:00:00Z');
	await d.start();
	const again = (await d.api('GET', '/costs/CP-1/a')).json;
	assert.deepEqual([again.agrees, again.source, again.energy_cost], [true, 'series', 2.2]);
});
