// What stands around the guard, from outside: tiers, demand, chargers, and alarms that persons handle.
import test from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { BUILD, Depotd, until } from './harness.mjs';
import { booted } from './peer.mjs';

/* The meter's port is nobody's: it never answers. */
const DEPOT = `
depot: test
name: Test depot
timezone: Europe/Amsterdam
nodes:
  - {id: site, kind: site, limit_w: 60000, meter: main, minimum_w: 20000, demand: {target_w: 40000}}
  - {id: bat, kind: storage, parent: site, battery_wh: 50000, discharge_w: 20000}
meters:
  - {id: main, map: eastron-sdm630, tcp: {host: 127.0.0.1, port: 9}, unit: 1}
stations:
  - id: CP-1
    node: site
    evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, tail_w: 4140}]
`;

test('a silent meter is an alarm that persons take, hand over and put aside', async (t) => {
	const d = await new Depotd({ depot: DEPOT, args: ['--speed', '5'] }).start();
	t.after(() => d.clean());
	const list = async (state) => (await d.api('GET', `/alarms?state=${state}`)).json.alarms;
	const ctl = (...args) => spawnSync(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), ...args], { encoding: 'utf8' });

	const [a] = await until('the alarm', async () => (await list('active')).length && list('active'), 20000);
	assert.deepEqual([a.kind, a.subject, a.rank, a.count], ['measurement-old', 'site', 'tonight', 1]);
	assert.match(a.text, /Meter main of site/);
	assert.ok(a.step && a.runbook.split('\n').length > 2);

	const took = await d.api('POST', `/alarms/${a.id}/take`, { note: 'I go and look' });
	assert.equal(took.status, 200, took.text);
	assert.equal(took.json.note, 'I go and look');
	assert.ok(took.json.owner);
	assert.equal((await d.api('POST', `/alarms/${a.id}/hand_over`, { to: 'ben' })).json.owner, 'ben');
	assert.equal((await d.api('POST', `/alarms/${a.id}/hand_over`, {})).status, 400);
	const past = await d.api('POST', `/alarms/${a.id}/put_aside`, { until: '2020-01-01T00:00:00Z' });
	assert.equal(past.status, 422);
	const until_ = new Date(Date.parse(took.json.taken_at) + 3600e3).toISOString();
	assert.equal((await d.api('POST', `/alarms/${a.id}/put_aside`, { until: until_ })).json.state, 'aside');
	assert.deepEqual([(await list('active')).length, (await list('aside')).length], [0, 1]);
	assert.equal((await d.api('POST', '/alarms/nothing/take', {})).status, 404);
	assert.equal((await d.api('GET', '/alarms?state=odd')).status, 400);

	const shown = ctl('alarms');
	assert.equal(shown.status, 0, shown.stderr);
	assert.match(shown.stdout, /measurement-old/);
	assert.match(ctl('alarms', 'show', a.id).stdout, /gateway/);
	assert.equal(ctl('alarms', 'put-aside', a.id).status, 2);
	assert.equal(ctl('alarms', 'take', a.id, '--note', 'again').status, 0);

	/* pages that are open are told */
	const text = await new Promise((ok, bad) => {
		const req = http.get({ socketPath: join(d.data, 'depotd.sock'), path: '/api/v1/stream' }, (res) => {
			let all = '';
			res.on('data', async (x) => {
				const isFirst = all === '';
				all += x;
				if (isFirst) await d.api('POST', `/alarms/${a.id}/hand_over`, { to: 'carla' });
				const patch = all.split('\n\n').find((e) => e.includes('event: patch') && e.includes('carla'));
				if (patch) ok(patch), req.destroy();
			});
		});
		req.on('error', bad);
		setTimeout(() => bad(new Error('no patch in 10 s')), 10000).unref();
	});
	assert.equal(JSON.parse(text.split('data: ')[1]).alarms[a.id].owner, 'carla');

	/* a page that comes sees it, and it survives a restart */
	assert.equal((await d.api('GET', '/overview')).json.alarms[0].id, a.id);
	await d.stop();
	await d.start();
	assert.equal((await list('open'))[0].id, a.id);
	const types = (await d.api('GET', `/journal?stream=alarm/${a.id}`)).json.events.map((e) => e.type);
	assert.equal(types[0], 'AlarmRaised');
	assert.equal(types.filter((x) => x === 'AlarmHandled').length, 5);
});

test('GET /guard and obedience say what is reckoned with', async (t) => {
	const d = await new Depotd({ depot: DEPOT }).start();
	t.after(() => d.clean());
	await booted(d, 'CP-1');
	const g = (await d.api('GET', '/guard')).json;
	assert.deepEqual(g.tiers.map((x) => [x.node, x.tier]), [['site', 'minimum']]);
	assert.equal(g.demand[0].target_w, 40000);
	assert.ok(Date.parse(g.demand[0].window_end) - Date.parse(g.demand[0].window) === 900e3);
	assert.equal(g.island.state, 'grid');
	const o = (await d.api('GET', '/stations/CP-1/obedience')).json;
	assert.deepEqual([o.station, o.evses.length, o.evses[0].obeys, o.evses[0].reaction_ms, o.evses[0].samples], ['CP-1', 1, true, 10000, 0]);
	for (const args of [['power'], ['obedience', 'CP-1']]) {
		const r = spawnSync(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), ...args], { encoding: 'utf8' });
		assert.equal(r.status, 0, r.stderr);
		assert.match(r.stdout, args[0] === 'power' ? /site.*minimum/ : /yes/);
	}
});

test('a description that cannot hold is refused with its line', async () => {
	const d = new Depotd({ depot: DEPOT });
	const check = (from, to) => {
		writeFileSync(join(d.dir, 'depot.yaml'), DEPOT.replace(from, to));
		return spawnSync(join(BUILD, 'depotd'), ['--config', join(d.dir, 'depotd.yaml'), '--data', d.data, '--check'], { encoding: 'utf8' }).stderr;
	};
	assert.match(check('target_w: 40000', 'target_w: 40000, window_min: 7'), /demand\.window_min.*must divide the hour/s);
	assert.match(check('minimum_w: 20000', 'minimum_w: 70000'), /minimum_w.*must not be above limit_w/s);
	assert.match(check('meter: main, ', ''), /demand.*needs a meter/s);
	await d.clean();
});
