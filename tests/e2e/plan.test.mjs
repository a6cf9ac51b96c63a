// Plans by price: the least cost, its reasons, past plans made again, compared, and asked what if.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { BUILD, Depotd, until } from './harness.mjs';
import { booted } from './peer.mjs';

const two = (n) => `${n % 24}`.padStart(2, '0');
const hour = new Date().getUTCHours();
/* Dear now and for the next two hours, cheap from then on; as ranges that end at midnight. */
const range = (from, to) => (from < to ? [`${two(from)}:00-${to === 24 ? '24:00' : `${two(to)}:00`}`]
	: [`${two(from)}:00-24:00`, ...(to ? [`00:00-${two(to)}:00`] : [])]);
const dearTo = (hour + 3) % 24;
const leaves = new Date(Date.now() + 10 * 3600e3);

const DEPOT = `
depot: test
name: Test depot
timezone: UTC
nodes:
  - {id: site, kind: site, limit_w: 12000}
vehicles:
  - {id: VAN-1, token: "04A1", battery_wh: 60000, max_ac_w: 11000, max_dc_w: 0, need_wh: 9000, departs_at: "${leaves.toISOString()}"}
  - {id: VAN-2, token: "04A2", battery_wh: 60000, max_ac_w: 11000, max_dc_w: 0, need_wh: 9000, departs_at: "${leaves.toISOString()}"}
tariffs:
  - id: night
    currency: EUR
    demand: [{id: peak, price: 0.5}]
    carbon: {price_t: 100, g_kwh: 200}
    import:
      - id: energy
        periods:
          - {id: dear, hours: ${JSON.stringify(range(hour, dearTo))}, price: 0.38}
          - {id: cheap, hours: ${JSON.stringify(range(dearTo, hour))}, price: 0.08}
`;

let d, station;
const get = async (path) => {
	const r = await d.api('GET', path);
	assert.equal(r.status, 200, r.text);
	return r.json;
};
const ctl = (...args) => spawnSync(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), ...args], { encoding: 'utf8' });

function plug(evse, idToken) {
	return station.call('TransactionEvent', {
		eventType: 'Started', timestamp: new Date().toISOString(), triggerReason: 'Authorized', seqNo: 0,
		transactionInfo: { transactionId: `T${evse}`, chargingState: 'EVConnected' }, evse: { id: evse, connectorId: 1 },
		idToken: { idToken, type: 'ISO14443' },
	});
}

before(async () => {
	d = await new Depotd({ depot: DEPOT }).start();
	station = await booted(d, 'CP-1', { registration: { evses: 2 } });
});
after(() => d.clean());

test('a van waits for the cheap hours, and the plan says what it costs and why', async () => {
	await plug(1, '04A1');
	const p = await until('its plan', async () => {
		const plan = await get('/plan');
		return plan.vehicles.some((v) => v.id === 'VAN-1') && plan;
	}, 20000);
	assert.deepEqual([p.method, p.currency], ['least cost', 'EUR']);
	assert.equal(p.vehicles[0].short_wh, 0);
	assert.equal(p.vehicles[0].slots[0].w, 0);
	assert.ok(Math.abs(p.cost - 1) < 0.06, `${p.cost}: 10 kWh at 0.10`);
	assert.ok(p.demand_cost > 0.5 && p.demand_cost < 3, `${p.demand_cost}: 10 kWh in 7 to 8 h, at 0.5 a kW`);
	assert.ok(p.gap >= 0 && p.gap < 0.3, `${p.gap}`);
	/* Charged at once it would cost the dear hours, and a higher peak. */
	assert.ok(p.at_once_cost > p.cost + p.demand_cost + 1, `${p.at_once_cost}`);
	const brief = await get('/plan?brief=1');
	assert.deepEqual([brief.vehicles, brief.prices], [[], []]);
	assert.ok(Math.abs(brief.planned_wh - p.vehicles[0].planned_wh) < 500 && brief.at_once_cost > 0, JSON.stringify(brief));

	/* The reasons are read from the journal, where the plan in force may not be yet. */
	const e = await until('its reasons', async () => {
		const r = await d.api('GET', '/plan/explain?vehicle=VAN-1');
		return r.status === 200 && r.json.stretches[0]?.why === 'price' && r.json;
	}, 20000);
	assert.deepEqual([e.station, e.evse, e.short_wh], ['CP-1', 1, 0]);
	assert.equal(e.stretches[0].why, 'price');
	assert.equal(e.stretches[0].text, 'it waits for a cheaper time');
	assert.equal(e.stretches[0].price, 0.4); /* 0.38 and 200 g of CO2 at 100 a tonne */
	assert.ok(e.stretches.every((x) => x.carbon_price === 0.02), JSON.stringify(e.stretches));
	assert.ok(e.marginal > 0.0999 && e.marginal < 0.61, `${e.marginal}`);
	assert.match(e.sentences[0], /^VAN-1 at CP-1\/1 needs 9\.0.kWh by .* and has it at /);
	assert.ok(e.sentences.some((s) => /waits for a cheaper time/.test(s)), e.sentences.join('\n'));
	const sum = e.stretches.reduce((s, x) => s + x.energy_wh, 0);
	assert.ok(Math.abs(sum - 10000) < 20, `${sum}`);
	assert.equal((await get('/plan/explain?vehicle=CP-1%2F1')).vehicle, 'VAN-1');
	assert.equal((await d.api('GET', '/plan/explain?vehicle=VAN-9')).status, 404);
	assert.equal((await d.api('GET', '/plan/explain')).status, 400);
	const said = ctl('plan', 'explain', 'VAN-1');
	assert.equal(said.status, 0, said.stderr);
	assert.match(said.stdout, /0\.4000 \(CO2 0\.0200\)/);
	assert.match(said.stdout, /waits for a cheaper time/);
});

test('past plans: listed, compared, made again to the last bit', async () => {
	const first = (await get('/plans')).plans[0].id;
	await plug(2, '04A2');
	const plans = await until('a plan of two', async () => {
		const list = (await get('/plans')).plans;
		return list[0].vehicles === 2 && list;
	}, 20000);
	const diff = await get(`/plans/${plans[0].id}/diff?with=${first}`);
	assert.deepEqual(diff.rows.filter((r) => r.change === 'came').map((r) => r.vehicle), ['VAN-2']);
	assert.ok(diff.cost > 0.9, `${diff.cost}`);
	for (const p of plans.slice(0, 3)) {
		const r = await d.api('POST', `/plans/${p.id}/replay`);
		assert.equal(r.status, 200, r.text);
		assert.deepEqual([r.json.is_same, r.json.is_sound], [true, true]);
	}
	assert.equal((await d.api('POST', '/plans/none/replay')).status, 404);
	assert.equal(ctl('plan', 'replay', plans[0].id).status, 0);
	assert.match(ctl('plan', 'diff', plans[0].id, first).stdout, /VAN-2 .*came/);
	assert.match(ctl('plan', 'list').stdout, new RegExp(first));
});

test('what if: fewer kW cost, more vans too, and a limit says what it is worth', async () => {
	const ask = async (body) => {
		const r = await d.api('POST', '/whatif', body);
		assert.equal(r.status, 200, r.text);
		return r.json;
	};
	const less = await ask({ nodes: [{ node: 'site', w: -9000 }] });
	assert.deepEqual([less.nights, less.vehicles], [1, 2]);
	assert.ok(less.without.cost > 1.99 && less.without.cost < 4 && less.without.demand_cost > 0.6, JSON.stringify(less)); /* flat rather than all at night */
	const all = (side) => side.cost + side.demand_cost;
	assert.ok(all(less.with) > 0.95 * all(less.without), JSON.stringify(less));
	const vans = await ask({ vans: 2 });
	assert.ok(all(vans.with) > 1.3 * all(vans.without), JSON.stringify(vans));
	assert.equal((await d.api('POST', '/whatif', { nodes: [{ node: 'nowhere', w: 1 }] })).status, 404);
	const said = ctl('whatif', '--feeder', 'site=-9kW', '--nights', '3');
	assert.equal(said.status, 0, said.stderr);
	assert.match(said.stdout, /Tonight: .* (for|the cost of) energy/);
	assert.match(said.stdout, /No limit of the depot cost anything in these nights\./); /* 1 kW more would not have helped */
	const refused = (option, value, words) => {
		const r = ctl('whatif', option, value);
		assert.equal(r.status, 2, `${option} ${value}: ${r.stdout}`);
		assert.ok(r.stderr.includes(`${option}: "`) && r.stderr.includes(words), r.stderr);
	};
	for (const [value, words] of [['site=lots', 'how much more or less'], ['site=20kW', 'how much more or less'], ['=+20kW', 'how much more or less'],
		['site=+20', 'write W, kW or MW'], ['site=+32A', 'are 22 kW'], ['site=+nankW', 'is no power'], ['site=+90MW', 'more than 10 MW']])
		refused('--feeder', value, words);
	for (const value of ['x', '1.5', '', '1001']) refused('--vans', value, 'no whole number from -1000 to 1000');
	for (const value of ['0', '-1', '367', '3x']) refused('--nights', value, 'no whole number from 1 to 366');
	assert.match(ctl('whatif', '--node', 'nowhere=+1kW').stderr, /no node nowhere/);
	assert.match(ctl('whatif', '--tariff', 'none').stderr, /there is no tariff "none"/);
});

test('what if another tariff were in force', async () => {
	const flat = { id: 'flat', currency: 'EUR', compare_only: true, import: [{ id: 'energy', price: 1 }] };
	const put = await d.api('PUT', '/tariffs/flat', flat);
	assert.equal(put.status, 200, put.text);
	const r = await d.api('POST', '/whatif', { tariff: 'flat' });
	assert.equal(r.status, 200, r.text);
	/* 9 kWh stored in each of two vans, nine tenths of what is drawn; nothing for the peak */
	assert.ok(Math.abs(r.json.with.cost - 20) < 0.1, r.text);
	assert.equal(r.json.with.demand_cost, 0);
	assert.ok(r.json.without.cost < 4 && r.json.without.demand_cost > 0.6, r.text);
	assert.equal((await d.api('POST', '/whatif', { tariff: 'none' })).status, 404);
	const said = ctl('whatif', '--tariff', 'flat');
	assert.equal(said.status, 0, said.stderr);
	assert.match(said.stdout, /more for energy/);
});

test('modes: shadow goes by the plain rule; assisted asks, and goes by what was approved', async () => {
	const mode = (m) => ctl('plan', 'mode', 'site', m, '--why', `we try ${m}`);
	assert.equal((await get('/plan')).followed.sentence, 'Chargers go by the plan.');
	assert.equal(mode('sometimes').status, 1);
	assert.equal(ctl('plan', 'mode', 'site', 'shadow').status, 2, 'not without a reason');

	assert.equal(mode('shadow').status, 0);
	await until('the plain rule', async () => (await get('/plan')).vehicles.every((v) => v.by === 'rule'));
	assert.equal((await get('/plan/explain?vehicle=VAN-1')).sentences.find((s) => /plain rule/.test(s)),
		'It charges by the plain rule now, not by this plan: the plan is only shown here (shadow).');
	const { evses, ...said } = (await get('/plan')).followed.modes[0];
	assert.deepEqual(said, { node: 'site', mode: 'shadow', said: true });
	assert.ok(evses > 0);
	const effect = await get('/nodes/site/mode?to=automatic');
	assert.deepEqual([effect.from, effect.to, effect.vehicles, effect.evses], ['shadow', 'automatic', 2, evses]);
	assert.match(effect.means, /nobody is asked/);
	assert.match(ctl('plan', 'mode', 'site', 'automatic', '--check').stdout, /nobody is asked\./);
	assert.equal((await d.api('GET', '/nodes/site/mode?to=never')).status, 400);
	assert.equal((await d.api('GET', '/nodes/none/mode?to=shadow')).status, 404);

	assert.equal(mode('assisted').status, 0);
	const waits = await until('a plan waits', async () => (await get('/plan')).followed.modes[0].proposal);
	assert.deepEqual(waits.changes.map((c) => c.vehicle).sort(), ['VAN-1', 'VAN-2']);
	assert.match(ctl('plan').stdout, new RegExp(`WAITS FOR APPROVAL .*${waits.plan}`));
	assert.equal((await d.api('POST', '/plans/nothing/approve', { why: 'x' })).status, 409);
	assert.equal((await d.api('POST', `/plans/${waits.plan}/approve`, {})).status, 400, 'not without a reason');
	assert.equal((await d.api('POST', `/plans/${waits.plan}/approve`, { why: 'x', node: 'none' })).status, 409);
	const yes = ctl('plan', 'approve', waits.plan, '--node', 'site', '--why', 'looked at it');
	assert.equal(yes.status, 0, yes.stderr);
	await until('the approved plan', async () => (await get('/plan')).vehicles.every((v) => v.by === 'approved'));
	const { approved, proposal } = (await get('/plan')).followed.modes[0];
	assert.equal(approved.why, 'looked at it');
	assert.equal(proposal, undefined);

	const events = async (type) => (await get(`/journal?type=${type}`)).events;
	const [decided] = await events('PlanDecided');
	assert.equal(decided.payload.decision, 'approved');
	assert.equal(decided.payload.changes.length, 2);
	assert.match((await events('PlanProposed'))[0].payload.changes[0], /VAN-\d at CP-1\/\d: new: /);
	const edits = (await events('GridChanged')).map((e) => e.payload);
	assert.ok(edits.some((e) => e.why === 'we try shadow' && /"mode":"shadow"/.test(e.edits[0].after)), JSON.stringify(edits));

	assert.equal(mode('automatic').status, 0);
	await until('the plan', async () => (await get('/plan')).vehicles.every((v) => v.by === 'plan'));
});
