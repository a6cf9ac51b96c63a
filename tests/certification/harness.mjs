// The certification cases: one test a case, named by its id. One depotd a block; a station of its own a
// case, with its own identity. The station's side is in station.mjs; here is the operator's.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { Depotd, until } from '../e2e/harness.mjs';
import { PASSWORD } from '../e2e/peer.mjs';
import { basename } from 'node:path';
import { cases } from './cases.mjs';
import { collect } from './facts.mjs';
import { Station } from './station.mjs';

export { PASSWORD, until };

let depotd;
let stations = []; // of the cases of this block

/** Starts the depotd of this block before its cases and takes it down after them. */
export function block({ prepare = async () => {}, ...options } = {}) {
	before(async () => {
		/* What depotd asks by itself would stand between the steps. */
		const config = `device: {inventory: off}\n${options.config ?? ''}`;
		depotd = await new Depotd({ ...options, config }).start();
		await prepare(depotd);
	});
	after(async () => {
		await collect(depotd, basename(process.argv[1] ?? 'x'), stations);
		const { code } = await depotd.stop();
		assert.equal(code, 0, `depotd ends well\n${depotd.logged().slice(-3000)}`);
		await depotd.clean();
	});
}

/** One request of the operator, over the Unix socket; its JSON. */
export async function operator(method, path, body, statuses = [200, 201, 202, 204]) {
	const r = await depotd.api(method, path, body);
	assert.ok(statuses.includes(r.status), `${method} ${path}: ${r.status} ${r.text}`);
	return r.json;
}

export const get = (path) => operator('GET', path);

/** Adds a token that may charge, or one with another status; as a station names it. */
export async function token(value, { type = 'ISO14443', ...put } = {}) {
	await operator('PUT', `/tokens/${type}/${encodeURIComponent(value)}`, put);
	return { idToken: value, type };
}

export const pathOf = (s) => `/stations/${encodeURIComponent(s.id)}`;

export function register(s, { evse = {}, ...more } = {}) {
	return operator('PUT', pathOf(s), {
		policy: 'accepted', password: s.password, node: 'site',
		evses: Array.from({ length: s.evses }, (_, i) => ({
			id: i + 1, kind: 'ac', max_w: 22000, min_w: 1380, connectors: s.connectors, ...evse,
		})),
		...more,
	});
}

/** Changes a part of the registration: what is not named stays. */
export const change = (s, fields) => operator('PUT', pathOf(s), fields);

// -- commands -------------------------------------------------------------------------------------

/** Asks something of a station, as an operator does; the command as it stands when its answer is in. */
export function ask(s, action, payload = {}, more = {}) {
	return operator('POST', `${pathOf(s)}/commands`, { action, payload, ...more });
}

export const command = (k) => get(`/commands/${k.id}`);

/** Waits until the command has come to its end, which has to be this one. */
export async function ended(k, state = 'done', ms = 10000) {
	const last = await until(`the end of ${k.action}`, async () => {
		const now = await command(k);
		return !['waiting', 'running'].includes(now.state) && now;
	}, ms);
	assert.equal(last.state, state, JSON.stringify(last));
	return last;
}

/** The command has its answer but is not over: it waits for what the answer promised. */
export async function goesOn(k) {
	const now = await command(k);
	assert.equal(now.state, 'running', JSON.stringify(now));
	return now;
}

/** The usual case: asks, and the station gets the request and answers it. [request, command] */
export async function exchange(s, action, payload, answer, more = {}) {
	const came = s.expect(action, answer);
	const k = await ask(s, action, payload, more);
	return [await came, k];
}

// -- what the operator sees -------------------------------------------------------------------------

export const view = (s) => get(pathOf(s));

/** The value that the operator is shown for a variable of the station, of an EVSE or (0) of the whole. */
export async function stored(s, component, variable, evse) {
	const { variables } = await get(`${pathOf(s)}/variables?component=${component}&variable=${variable}`);
	return variables.find((v) => v.attribute === 'Actual' && (evse === undefined || (v.evse ?? 0) === evse))?.value;
}

/** Waits until a connector is shown in this state. */
export function shows(s, status, evse = 1, connector = 1) {
	return until(`connector ${evse}.${connector} ${status}`, async () =>
		(await view(s)).evses[evse - 1].connectors[connector - 1].status === status);
}

/** The transaction as it is stored, without its events. */
export async function transaction(s, id = s.tx?.id ?? s.ended) {
	return (await get(`/transactions/${encodeURIComponent(s.id)}/${id}`)).transaction;
}

/** The transaction is stored whole and has ended for this reason. */
export async function endedWhole(s, stoppedReason, more = {}) {
	const t = await transaction(s, s.ended);
	const want = { state: 'ended', complete: true, ...(stoppedReason && { stopped_reason: stoppedReason }), ...more };
	assert.deepEqual(Object.fromEntries(Object.keys(want).map((k) => [k, t[k]])), want, JSON.stringify(t));
	return t;
}

// -- cases ------------------------------------------------------------------------------------------

const done = new Set();

/**
 * The test of one case: `run(station, {depotd, t})`. The station has a token of its own that may charge.
 *   ways          runs it once for each way in which connectors are reported
 *   boot          false: the station is connected, but has not booted
 *   connect       false: not even connected
 *   registration  fields of its registration
 *   station       options of class Station
 */
export function certify(number, options, run) {
	const c = cases.find((x) => x.number === number);
	assert.ok(c && !done.has(number), `${number} is no case, or twice here`);
	done.add(number);
	const { ways = [undefined], boot = true, connect = true, registration, station = {} } = options;
	const once = (way) => async (t) => {
		const s = new Station(depotd, `TC-${number}${way ? `-${way}` : ''}`, { ...station, ...(way && { way }) });
		try {
			await register(s, registration);
			await token(s.token.idToken);
			if (connect) await s.connect();
			if (connect && boot) {
				await s.booted();
				await s.quiet();
			}
			await run(s, { depotd, t });
		} finally {
			await s.close();
			stations.push(s);
		}
		assert.deepEqual(s.faults, [], 'every message of depotd is valid');
	};
	test(`${c.id} ${c.name}`, { timeout: 60000 }, async (t) => {
		if (!options.ways) return once()(t);
		for (const way of ways) await t.test(`reported by ${way}`, once(way));
	});
}
