// Envelopes against a running depotd: limits over time by API and depotctl, tried, asked for,
// obeyed by a charger, withdrawn, taken up again after a restart, and put on record.
import test from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { BUILD, DEPOT, Depotd, until } from './harness.mjs';
import { booted } from './peer.mjs';

const SECOND = 1000, HOUR = 3600 * SECOND;
const at = (ms) => new Date(Date.now() + ms).toISOString();
const block = (from, to, limits) => ({ start: at(from), end: at(to), ...limits });
const site = (from, to, limits, more = {}) => ({ node: 'site', blocks: [block(from, to, limits)], ...more });

async function depotd(t, options = {}) {
	const d = await new Depotd(options).start();
	t.after(() => d.clean());
	return d;
}

function ctl(d, ...args) {
	const r = spawnSync(join(BUILD, 'depotctl'), ['--socket', join(d.data, 'depotd.sock'), ...args], { encoding: 'utf8', timeout: 20000 });
	return { code: r.status, out: r.stdout, err: r.stderr };
}

/** A van charging at CP-1/1; `limits` gets what the charger is told. */
async function van(d) {
	const limits = [];
	const s = await booted(d, 'CP-1', { registration: { node: 'feeder', evses: 2 }, handlers: {
		SetChargingProfile: ({ chargingProfile: p }) => {
			if (p.chargingProfilePurpose === 'TxProfile') limits.push(p.chargingSchedule[0].chargingSchedulePeriod[0].limit);
			return { status: 'Accepted' };
		},
	} });
	await s.call('TransactionEvent', {
		eventType: 'Started', timestamp: new Date().toISOString(), triggerReason: 'CablePluggedIn', seqNo: 0,
		transactionInfo: { transactionId: 'tx', chargingState: 'EVConnected' }, evse: { id: 1, connectorId: 1 },
		idToken: { idToken: 'AABBCCDD', type: 'ISO14443' },
	});
	return { s, limits };
}

test('an envelope lowers a charger, is shown with winners and losers, kept over a restart, and ends on record', async (t) => {
	const d = await depotd(t);
	const { s, limits } = await van(d);
	await until('power', () => limits.at(-1) > 9000, 60000);
	const loose = await d.api('POST', '/envelopes', site(0, HOUR, { import_w: 30000 }, { why: 'looser' }));
	assert.equal(loose.status, 200, loose.text);
	const tight = await d.api('POST', '/envelopes', site(0, 14 * SECOND, { import_w: 6000, phase_ma: 20000 }, { owner: 'openadr/vtn-1', grid: true, reference: 'event-7' }));
	assert.equal(tight.status, 200, tight.text);
	assert.deepEqual([tight.json.state, tight.json.owner, tight.json.counts], ['active', 'openadr/vtn-1', true]);
	await until('less', () => limits.at(-1) <= 6000);

	const seen = (await d.api('GET', '/envelopes')).json.envelopes.find((e) => e.id === loose.json.id);
	assert.deepEqual([seen.state, seen.counts, seen.beaten_by, seen.beaten_owner], ['active', false, tight.json.id, 'openadr/vtn-1']);
	const rows = (await d.api('GET', '/nodes/site/limits')).json.limits.filter((l) => l.quantity === 'import');
	assert.deepEqual(rows.map((l) => [l.source, l.state, l.limit, l.beaten_by]), [
		['envelope', 'in-force', 6000, undefined],
		['rating', 'beaten', 60000, 'openadr/vtn-1'],
		['operator', 'beaten', 30000, 'openadr/vtn-1'],
	]);
	assert.ok(rows[1].since && rows[1].age_s >= 0, 'a rating has its age too');
	const all = (await d.api('GET', '/envelopes?state=all')).json.envelopes.find((e) => e.id === tight.json.id);
	assert.equal(all.counts, true);
	assert.ok(rows[0].since && rows[0].until && rows[0].age_s >= 0 && rows[0].envelope === tight.json.id);
	const node = (await d.api('GET', '/tree')).json.nodes.find((n) => n.id === 'site');
	assert.deepEqual([node.limit_w, node.limit_source], [6000, 'envelope']);
	const [runs] = (await d.api('GET', `/envelopes/${tight.json.id}/compliance`)).json.records;
	assert.deepEqual([runs.seq, runs.limit_w, runs.limit_ma], [undefined, 6000, 20000]);
	assert.deepEqual(runs.vehicles, ['VAN-1'], 'who charges under it counts while it runs');

	await d.stop();
	await d.start();
	const again = (await d.api('GET', `/envelopes/${tight.json.id}`)).json;
	assert.equal(again.owner, 'openadr/vtn-1');
	assert.equal(again.reference, 'event-7');
	const record = await until('the record', async () => {
		const c = (await d.api('GET', `/envelopes/${tight.json.id}/compliance`)).json;
		return c.state === 'expired' && c.records[0]?.seq && c;
	}, 60000);
	assert.deepEqual([record.node, record.owner], ['site', 'openadr/vtn-1']);
	const [r] = record.records;
	assert.equal(r.limit_w, 6000);
	assert.match(r.hash, /^[0-9a-f]{64}$/);
	assert.ok(r.measured_s > 0 && r.command_count >= 1, JSON.stringify(r));
	assert.ok(r.commands.some((c) => c.evse === 'CP-1/1' && c.limit_w <= 6000));
	const event = (await d.api('GET', `/journal?stream=envelope/${tight.json.id}`)).json.events;
	assert.deepEqual(event.map((e) => e.type).filter((x) => x !== 'EnvelopeJudged'), ['EnvelopeReceived', 'EnvelopeMoved', 'EnvelopeMoved', 'EnvelopeMoved', 'EnvelopeComplied']);
	assert.equal(event.at(-1).seq, r.seq);
	const shown = ctl(d, 'envelope', 'compliance', tight.json.id);
	assert.equal(shown.code, 0, shown.err);
	assert.match(shown.out, /limit 6\.0 kW/);
	assert.match(shown.out, new RegExp(r.hash.slice(0, 16)));
	assert.equal((await d.api('GET', `/envelopes?state=over`)).json.envelopes[0].id, tight.json.id);
	s.close();
	await d.stop();
	const rebuilt = spawnSync(join(BUILD, 'depotctl'), ['rebuild', '--check', '--data', d.data], { encoding: 'utf8' });
	assert.equal(rebuilt.status, 0, rebuilt.stderr);
});

test('the node that binds by the plan is named, with the time until which it does', async (t) => {
	const d = await depotd(t);
	assert.equal((await d.api('POST', '/envelopes', site(0, HOUR, { import_w: 8000 }))).status, 200);
	const { s } = await van(d);
	const node = await until('the node', async () => {
		const n = (await d.api('GET', '/tree')).json.nodes.find((x) => x.id === 'site');
		return n.binds_by === 'plan' && n;
	}, 60000);
	assert.ok(node.binds.includes('total') && node.binds_since && node.binds_until, JSON.stringify(node));
	assert.match(ctl(d, 'tree').out, /site .*total \(plan until/);
	s.close();
});

test('an envelope below which nothing is controlled says so in its answer', async (t) => {
	const d = await depotd(t);
	const made = await d.api('PUT', '/grid/nodes/house', { id: 'house', kind: 'load', parent: 'site', limit_w: 5000 });
	assert.equal(made.status, 200, made.text);
	const r = await d.api('POST', '/envelopes', { node: 'house', blocks: [block(0, HOUR, { import_w: 3000 })] });
	assert.equal(r.status, 200, r.text);
	assert.match(r.json.note, /nothing below house is controlled/);
	assert.match(ctl(d, 'envelope', 'add', 'house', '2kW', '--for', '1h').out, /But nothing below house/);
	assert.equal((await d.api('POST', '/envelopes', site(0, HOUR, { import_w: 30000 }))).json.note, undefined);
});

test('a newer word replaces what it speaks of and no more, and says what that was', async (t) => {
	const d = await depotd(t);
	const first = ctl(d, 'envelope', 'add', 'site', '20kW', '--phase', '63A', '--for', '2h');
	assert.match(first.out, /active.*20\.0 kW 63\.0 A/, first.err);
	assert.match(first.out, /It lasts 2 h 00 min\./);
	const old = (await d.api('GET', '/envelopes')).json.envelopes[0];
	const next = ctl(d, 'envelope', 'add', 'site', '90kW', '--for', '1h');
	assert.match(next.out, new RegExp(`takes the place of ${old.id}: 20\\.0 kW 63\\.0 A until .*, which is active`), next.err);
	const limits = (await d.api('GET', '/nodes/site/limits')).json.limits;
	assert.ok(limits.some((l) => l.source === 'operator' && l.quantity === 'phase' && l.limit === 63000 && l.state === 'in-force'), JSON.stringify(limits));
	const left = (await d.api('GET', `/envelopes/${old.id}`)).json;
	assert.deepEqual(left.blocks.slice(-2).map((b) => [b.import_w, b.phase_ma]), [[undefined, 63000], [20000, 63000]]);
	const unit = ctl(d, 'envelope', 'add', 'site', '20', '--for', '1h');
	assert.equal(unit.code, 2);
	assert.match(unit.err, /no power such as 80kW/);
	const before = (await d.api('GET', '/envelopes')).json.envelopes.length;
	for (const words of [['-5kW'], ['5kW', '--export', '-20kW'], ['--phase=-63A']]) {
		const below = ctl(d, 'envelope', 'add', 'site', ...words, '--for', '1h');
		assert.equal(below.code, 2);
		assert.match(below.err, /"-\d+k?[WA]": a limit is 0 or more; what the node may feed in is limited by --export/);
	}
	for (const priority of ['-3', 'high', '10']) {
		const odd = ctl(d, 'envelope', 'add', 'site', '5kW', '--for', '1h', '--priority', priority);
		assert.equal(odd.code, 2);
		assert.match(odd.err, /--priority must be 0 to 9/);
	}
	assert.equal((await d.api('GET', '/envelopes')).json.envelopes.length, before);
});

test('a word that does not count is told so at once, with the ID and the priority of what counts', async (t) => {
	const d = await depotd(t);
	const loose = ctl(d, 'envelope', 'add', 'site', '30kW', '--priority', '5', '--for', '1h');
	assert.doesNotMatch(loose.out, /But/);
	const { id } = (await d.api('GET', '/envelopes')).json.envelopes[0];
	const zero = ctl(d, 'envelope', 'add', 'site', '0kW', '--for', '5m');
	assert.match(zero.out, new RegExp(`But it does NOT count until .*: ${id} of the same owner goes first by its priority 5, with 30\\.0 kW`), zero.err);
	const lost = (await d.api('GET', '/envelopes')).json.envelopes.find((e) => e.id !== id);
	assert.deepEqual([lost.counts, lost.beaten_by, lost.beaten_why], [false, id, 'priority']);
	const row = (await d.api('GET', '/nodes/site/limits')).json.limits.find((l) => l.envelope === lost.id);
	assert.deepEqual([row.state, row.beaten_envelope, row.beaten_why], ['beaten', id, 'priority']);
	assert.match(ctl(d, 'envelope', 'list').out, new RegExp(`priority: ${id}`));
	assert.match(ctl(d, 'envelope', 'limits', 'site').out, new RegExp(`priority: ${id} of operator`));
	const above = ctl(d, 'envelope', 'add', 'site', '0kW', '--for', '5m', '--priority', '6');
	assert.doesNotMatch(above.out, /But/);
	const later = await d.api('POST', '/envelopes', site(30 * 60 * SECOND, 2 * HOUR, { import_w: 1000 }));
	assert.match(later.json.note, /does NOT count from .* until .*priority 5/);
});

/* The depot with a departure such that there is time enough to charge at any hour of the day. */
function inHalfADay() {
	const departs = new Date(Date.now() + 12 * HOUR).toLocaleTimeString('en-GB', { timeZone: 'Europe/Amsterdam', hour: '2-digit', minute: '2-digit' });
	return DEPOT.replace('"06:00"', `"${departs}"`);
}

test('a trial says who would be late and changes nothing', async (t) => {
	const d = await depotd(t, { depot: inHalfADay() });
	const { s, limits } = await van(d);
	await until('power', () => limits.at(-1) > 9000, 60000);
	const r = await d.api('POST', '/envelopes/try', site(0, 24 * HOUR, { import_w: 0 }));
	assert.equal(r.status, 200, r.text);
	assert.equal(r.json.late, 1);
	assert.ok(r.json.shed_wh > 15000 && r.json.shed_w > 9000, r.text);
	assert.equal(r.json.vehicles[0].vehicle, 'VAN-1');
	assert.equal(r.json.vehicles[0].short_without_wh, 0);
	const mild = await d.api('POST', '/envelopes/try', site(0, HOUR, { import_w: 55000 }));
	assert.deepEqual([mild.json.late, mild.json.vehicles], [0, []]);
	assert.deepEqual((await d.api('GET', '/envelopes?state=all')).json.envelopes, []);
	assert.equal((await d.api('GET', '/journal?type=EnvelopeReceived')).json.events.length, 0);
	const out = ctl(d, 'envelope', 'try', 'site', '0kW', '--for', '24h');
	assert.equal(out.code, 0, out.err);
	assert.match(out.out, /1 vehicle would leave/);
	s.close();
});

test('a trial counts no vehicle that is ready as before, however fast the clock', async (t) => {
	const d = await depotd(t, { depot: undefined, args: ['--speed', '60'] });
	const { s } = await van(d);
	for (let i = 0; i < 15; i++) {
		const mild = await d.api('POST', '/envelopes/try', site(0, 200 * HOUR, { import_w: 55000 }));
		assert.deepEqual([mild.json.sentence, mild.json.vehicles], ['Nothing changes for any vehicle that is here.', []]);
	}
	s.close();
});

test('where an operator is asked, what costs energy waits for a yes; an emergency does not', async (t) => {
	const d = await depotd(t, { config: 'control: {envelopes: ask}\n', depot: inHalfADay() });
	const { s, limits } = await van(d);
	await until('power', () => limits.at(-1) > 9000, 60000);
	const grid = { owner: 'openadr/vtn-1', grid: true };
	const post = async (body) => (await d.api('POST', '/envelopes', body)).json;
	const state = async (id) => (await d.api('GET', `/envelopes/${id}`)).json;
	const hard = await post(site(HOUR, 23 * HOUR, { import_w: 0 }, grid));
	const judged = await until('the planner', async () => { const e = await state(hard.id); return e.effect && e; });
	assert.deepEqual([judged.state, judged.counts], ['received', false]);
	const ok = await d.api('POST', `/envelopes/${hard.id}/accept`, { why: 'agreed' });
	assert.deepEqual([ok.status, ok.json.state, ok.json.why], [200, 'pending', 'agreed']);
	assert.equal((await d.api('POST', `/envelopes/${hard.id}/accept`, {})).status, 409);
	assert.equal((await d.api('POST', `/envelopes/${hard.id}/refuse`, {})).status, 409);
	assert.equal((await d.api('DELETE', `/envelopes/${hard.id}`)).status, 400); // not without a reason
	assert.equal((await d.api('DELETE', `/envelopes/${hard.id}?why=broken`)).json.state, 'withdrawn');
	const now = await post(site(0, HOUR, { import_w: 5000 }, grid));
	assert.deepEqual([now.state, now.urgent], ['active', true]);
	await until('less', () => limits.at(-1) <= 5000);
	const no = await d.api('POST', `/envelopes/${now.id}/refuse`, { why: 'the vans come first' });
	assert.equal(no.json.state, 'refused');
	await until('an alarm', async () => (await d.api('GET', '/alarms')).json.alarms.some((a) => a.kind === 'envelope-refused'));
	s.close();
});

test('what cannot be is refused with its field; nobody speaks for others', async (t) => {
	const d = await depotd(t);
	const bad = async (body, status, path) => {
		const r = await d.api('POST', '/envelopes', body);
		assert.deepEqual([r.status, r.json.path], [status, path], r.text);
	};
	await bad({ node: 'nowhere', blocks: [block(0, HOUR, { import_w: 1 })] }, 422, 'node');
	await bad(site(-2 * HOUR, -HOUR, { import_w: 1 }), 422, 'blocks');
	await bad(site(HOUR, 0, { import_w: 1 }), 422, 'blocks[0]');
	await bad(site(0, HOUR, {}), 422, 'blocks[0]');
	await bad({ node: 'site', blocks: [] }, 400, 'blocks');
	await bad(site(0, HOUR, { import_w: -1 }), 400, 'blocks[0].import_w');
	await bad(site(0, HOUR, { import_w: 1 }, { owner: 'oscp/dso-1' }), 400, 'owner');
	await bad(site(0, HOUR, { import_w: 1 }, { owner: 'operator/anna' }), 400, 'owner');
	await bad(site(0, HOUR, { import_w: 1 }, { grid: true }), 400, 'grid');
	await bad(site(0, HOUR, { import_w: 1 }, { priority: 10 }), 400, 'priority');
	assert.equal((await d.api('GET', '/envelopes/none')).status, 404);
	assert.equal((await d.api('GET', '/envelopes/none/compliance')).status, 404);
	assert.equal((await d.api('GET', '/nodes/none/limits')).status, 404);
});

test('depotctl speaks in the time of the depot, and pages hear of it', async (t) => {
	const d = await depotd(t);
	const heard = [];
	const stream = http.get({ socketPath: join(d.data, 'depotd.sock'), path: '/api/v1/stream', agent: false }, (res) => {
		res.setEncoding('utf8');
		res.on('data', (x) => heard.push(x));
	});
	t.after(() => stream.destroy());
	await until('the stream', () => heard.join('').includes('"envelopes":[]'));
	const added = ctl(d, '--json', 'envelope', 'add', 'site', '40kW', '--from', '18:00', '--to', '20:00', '--why', 'market');
	assert.equal(added.code, 0, added.err);
	const e = JSON.parse(added.out);
	const local = (s) => new Date(s).toLocaleTimeString('en-GB', { timeZone: 'Europe/Amsterdam', hour: '2-digit', minute: '2-digit' });
	assert.deepEqual([local(e.blocks[0].start), local(e.blocks[0].end), e.blocks[0].import_w], ['18:00', '20:00', 40000]);
	assert.match(e.owner, /^operator\//);
	await until('a patch', () => heard.join('').includes(`"envelopes":{"${e.id}"`));
	const list = ctl(d, 'envelope', 'list');
	assert.match(list.out, /40\.0 kW/);
	assert.match(ctl(d, 'envelope', 'limits', 'site').out, /operator/);
	const gone = ctl(d, 'envelope', 'withdraw', e.id);
	assert.match(gone.out, /withdrawn/);
	await until('the patch of its end', () => heard.join('').includes('"state":"withdrawn"'));
	assert.equal(ctl(d, 'envelope', 'add', 'site', '40kW', '--to', '20:00', '--for', '2h').code, 2);
	assert.equal(ctl(d, 'envelope', 'add', 'site', 'much', '--for', '2h').code, 2);
});
