// A station for the certification cases. It walks through the reusable states (booted, authorized,
// energy transfer started …), answers what depotd asks as the case wants it, and holds every message
// of depotd against the official schemas, as the npm package ocpp-rpc carries them, and against what
// Part 2 demands beyond them. What is wrong with a message of depotd is kept in `faults`.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { basic, PASSWORD } from '../e2e/peer.mjs';
import { sleep } from '../e2e/harness.mjs';

const require = createRequire(new URL('../e2e/harness.mjs', import.meta.url));
const validators = require(join(dirname(require.resolve('ocpp-rpc')), 'lib/standard-validators.js'));
const WebSocket = require('ws');
const schemas = validators.find((v) => v.subprotocol === 'ocpp2.0.1');

/** The two ways in which a station reports the state of its connectors. */
export const WAYS = ['StatusNotification', 'NotifyEvent'];

/** … and those in which it may report a whole EVSE. */
export const EVSE_WAYS = [...WAYS, 'NotifyEvent-of-the-EVSE', 'NotifyEvent-without-connectorId'];

export const now = () => new Date().toISOString();

/** Why a payload of either direction ('req', 'conf') is not valid, or undefined. */
export function invalid(action, direction, payload) {
	try {
		schemas.validate(`urn:${action}.${direction}`, payload);
	} catch (e) {
		return e.message;
	}
	return undefined;
}

/** What Part 2 demands of a payload beyond its schema (2.1): the faults found, as text. */
function beyondSchema(value, path, out = []) {
	if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT.*\.\d{4,}/.test(value))
		out.push(`${path}: more than three digits of a second`);
	if (typeof value === 'number' && Math.abs(value * 1e6 - Math.round(value * 1e6)) > 1e-3)
		out.push(`${path}: more than six decimals`);
	if (value && typeof value === 'object')
		for (const [key, inner] of Object.entries(value)) {
			if (inner && typeof inner === 'object' && Object.keys(inner).length === 0)
				out.push(`${path}.${key}: empty`);
			beyondSchema(inner, `${path}.${key}`, out);
		}
	return out;
}

export class CallError extends Error {
	constructor(action, [, , code, text]) {
		super(`${action}: CALLERROR ${code} ${text}`);
		this.code = code;
	}
}

const same = (a, b) => String(a ?? '').toLowerCase() === String(b ?? '').toLowerCase();

/** An entry of a device model: its component and variable with an Actual value. */
export function variable(component, name, value, { instance, evse, mutability = 'ReadWrite', dataType = 'string' } = {}) {
	return {
		component: { name: component, ...(evse && { evse }) },
		variable: { name, ...(instance && { instance }) },
		variableAttribute: [{ type: 'Actual', value: String(value), mutability }],
		variableCharacteristics: { dataType, supportsMonitoring: false },
	};
}

/** The readings of a meter at one time, of its register and of the power. */
export function meterValue(wh, context = 'Sample.Periodic', { power = 0, signed, timestamp = now() } = {}) {
	return [{
		timestamp,
		sampledValue: [
			{ value: wh, context, measurand: 'Energy.Active.Import.Register', unitOfMeasure: { unit: 'Wh' },
				...(signed && { signedMeterValue: signed }) },
			{ value: power, context, measurand: 'Power.Active.Import', unitOfMeasure: { unit: 'W' } },
		],
	}];
}

/** A reading with the meter's signature. */
export const SIGNED = {
	signedMeterData: Buffer.from('meter data').toString('base64'), signingMethod: 'ECDSAP256SHA256',
	encodingMethod: 'OCMF', publicKey: Buffer.from('public key').toString('base64'),
};

export class Station {
	/** `way`: how it reports connectors; `model`: entries of variable() that it has. */
	constructor(depotd, id, { way = WAYS[0], evses = 2, connectors = 1, password = PASSWORD, profile = 1, model } = {}) {
		Object.assign(this, { depotd, id, way, evses, connectors, password, profile });
		this.model = model ?? [
			variable('OCPPCommCtrlr', 'HeartbeatInterval', 300, { dataType: 'integer' }),
			variable('OCPPCommCtrlr', 'OfflineThreshold', 60, { dataType: 'integer' }),
			variable('AuthCtrlr', 'AuthorizeRemoteStart', 'false', { dataType: 'boolean' }),
		];
		this.token = { idToken: `CARD${id}`.replace(/[^A-Z0-9]/gi, '').slice(0, 36), type: 'ISO14443' };
		this.faults = [];
		this.calls = []; // every CALL of depotd: { action, payload, answer }
		this.exchanged = []; // every CALL that reached the other side: { direction, action, id } as depotd sees it
		this.waiters = [];
		this.pending = new Map();
		this.ids = new Set();
		this.serving = 0; // CALLs of depotd that are not answered yet
		this.number = 0;
		this.state = {};
	}

	// -- the wire ---------------------------------------------------------------------------

	/** Resolves when it is open; rejects with `status` when the upgrade is refused. */
	connect({ path = `/ocpp/${encodeURIComponent(this.id)}`, protocols = 'ocpp2.0.1', user = this.id, ...options } = {}) {
		const secure = this.profile > 1;
		const url = `${secure ? 'wss' : 'ws'}://127.0.0.1:${this.depotd.ports[`profile${this.profile}`]}${path}`;
		const ws = new WebSocket(url, protocols, {
			...(this.profile < 3 && { headers: { authorization: basic(user, this.password) } }),
			...(secure && { ca: readFileSync(this.depotd.root()), servername: 'localhost' }),
			...options,
		});
		this.ws = ws;
		this.serving = 0;
		this.closed = new Promise((r) => ws.on('close', (code, why) => {
			for (const p of this.pending.values()) p.bad(new Error(`${this.id}: closed with ${code} ${why}`));
			this.pending.clear();
			r({ code, why: String(why) });
		}));
		ws.on('message', (data) => this.take(ws, String(data)));
		return new Promise((ok, bad) => {
			ws.on('open', () => ok(this));
			ws.on('unexpected-response', (req, res) => {
				req.destroy();
				bad(Object.assign(new Error(`refused with ${res.statusCode}`), { status: res.statusCode }));
			});
			ws.on('error', bad);
		});
	}

	close() {
		this.ws?.terminate();
		return this.closed;
	}

	fault(text) {
		this.faults.push(`${this.id}: ${text}`);
	}

	/** Holds a payload of depotd against its schema and Part 2. */
	check(action, direction, payload) {
		const why = invalid(action, direction, payload);
		if (why) this.fault(`${action}.${direction} ${why}: ${JSON.stringify(payload)}`);
		for (const f of beyondSchema(payload, action)) this.fault(f);
	}

	take(ws, text) {
		const m = JSON.parse(text);
		if (m[0] === 2) return this.serve(ws, m);
		const p = this.pending.get(m[1]);
		this.pending.delete(m[1]);
		if (p) this.exchanged.push({ direction: 'in', action: p.action, id: m[1] });
		if (!p) return this.fault(`an answer to nothing: ${text}`);
		if (m[0] === 3) this.check(p.action, 'conf', m[2]);
		else if (m.length !== 5 || m[3].length > 255) this.fault(`a CALLERROR of the wrong form: ${text}`);
		return p.ok(m);
	}

	async serve(ws, [, id, action, payload]) {
		if (id.length > 36) this.fault(`${action}: message id of ${id.length} characters`);
		if (this.ids.has(id)) this.fault(`${action}: message id ${id} used twice`);
		this.ids.add(id);
		this.exchanged.push({ direction: 'out', action, id });
		if (this.serving++) this.fault(`${action}: a second CALL before the answer to the first`);
		this.check(action, 'req', payload);
		const call = { action, payload };
		this.calls.push(call);
		const waiter = this.waiters.find((w) => w.action === action && w.match(payload));
		if (waiter) this.waiters.splice(this.waiters.indexOf(waiter), 1);
		const give = waiter?.answer ?? DEFAULTS[action] ?? new Error('NotImplemented');
		const answer = typeof give === 'function' ? await give.call(this, payload, this) : give;
		call.answer = answer;
		if (ws.readyState === WebSocket.OPEN && answer !== undefined) {
			this.serving--;
			if (answer instanceof Error) ws.send(JSON.stringify([4, id, answer.message, '', {}]));
			else {
				assert.equal(invalid(action, 'conf', answer), undefined, `the test's answer to ${action}`);
				ws.send(JSON.stringify([3, id, answer]));
			}
		}
		waiter?.ok(payload);
	}

	/** Sends a CALL that has to succeed; its payload. Throws CallError after a CALLERROR. */
	async call(action, payload) {
		assert.equal(invalid(action, 'req', payload), undefined, `the test's ${action}`);
		const id = `${this.id}-${this.number++}`.slice(-36);
		const m = await new Promise((ok, bad) => {
			this.pending.set(id, { ok, bad, action });
			this.ws.send(JSON.stringify([2, id, action, payload]));
		});
		if (m[0] !== 3) throw new CallError(action, m);
		return m[2];
	}

	/**
	 * The next CALL of depotd of this action for which `match(payload)` is true, answered with
	 * `answer`: a payload, a function of the request, an Error whose message is a CALLERROR code,
	 * or undefined for this station's usual answer. Resolves to the request.
	 */
	expect(action, answer, match = () => true, ms = 10000) {
		const waiter = { action, answer, match };
		return new Promise((ok, bad) => {
			const timer = setTimeout(() => {
				this.waiters = this.waiters.filter((w) => w !== waiter);
				bad(new Error(`${this.id}: waited ${ms} ms for ${action}; came: ` +
					(this.calls.map((c) => c.action).join(', ') || 'nothing')));
			}, ms);
			waiter.ok = (payload) => {
				clearTimeout(timer);
				ok(payload);
			};
			this.waiters.push(waiter);
		});
	}

	/** The requests of this action that have come so far. */
	asked(action) {
		return this.calls.filter((c) => c.action === action).map((c) => c.payload);
	}

	/** No CALL of depotd came for a while: what it asks of its own accord is over. */
	async quiet(ms = 250) {
		for (let n = -1; n !== this.calls.length || this.serving; await sleep(ms)) n = this.calls.length;
	}

	/** Entries of the device model for a component and variable. */
	find(component, variable) {
		return this.model.filter((m) => same(m.component.name, component.name) &&
			same(m.component.instance, component.instance) &&
			(component.evse?.id ?? 0) === (m.component.evse?.id ?? 0) && (!variable ||
			(same(m.variable.name, variable.name) && same(m.variable.instance, variable.instance))));
	}

	// -- reports ----------------------------------------------------------------------------

	/** Sends entries of a device model in parts of `size`. */
	async report(requestId, entries, size = 50) {
		for (let at = 0, seqNo = 0; at < entries.length; at += size, seqNo++)
			await this.call('NotifyReport', {
				requestId, seqNo, generatedAt: now(), tbc: at + size < entries.length,
				reportData: entries.slice(at, at + size),
			});
	}

	/** Reports the state of one connector in this station's way. */
	status(connectorStatus, evseId = 1, connectorId = 1) {
		if (this.way === 'StatusNotification')
			return this.call('StatusNotification', { timestamp: now(), connectorStatus, evseId, connectorId });
		const whole = this.way !== 'NotifyEvent';
		return this.call('NotifyEvent', {
			generatedAt: now(), seqNo: 0, tbc: false,
			eventData: [{
				eventId: ++this.number, timestamp: now(), trigger: 'Delta', actualValue: connectorStatus,
				eventNotificationType: 'HardWiredNotification',
				component: {
					name: this.way === 'NotifyEvent-of-the-EVSE' ? 'EVSE' : 'Connector',
					evse: { id: evseId, ...(!whole && { connectorId }) },
				},
				variable: { name: 'AvailabilityState' },
			}],
		});
	}

	/** … of all its connectors; `other` for those that differ: { '1.1': 'Occupied' }. */
	async statuses(connectorStatus = 'Available', other = {}) {
		for (let e = 1; e <= this.evses; e++)
			for (let c = 1; c <= this.connectors; c++)
				await this.status(other[`${e}.${c}`] ?? connectorStatus, e, c);
	}

	// -- transactions -----------------------------------------------------------------------

	/** Sends a TransactionEvent; begins a transaction of its own when there is none. */
	event(eventType, triggerReason, { info = {}, ...more } = {}) {
		if (eventType === 'Started') this.tx = { id: randomUUID(), seqNo: 0 };
		return this.call('TransactionEvent', {
			eventType, triggerReason, timestamp: now(), seqNo: this.tx.seqNo++,
			transactionInfo: { transactionId: this.tx.id, ...info }, ...more,
		});
	}

	/** Puts the running transaction aside, for a second one beside it; takeUp() goes on with it. */
	putAside() {
		const kept = { tx: this.tx, state: this.state };
		this.takeUp({ tx: undefined, state: {} });
		return kept;
	}

	takeUp({ tx, state }) {
		Object.assign(this, { tx, state });
	}

	/** Started when the transaction has not begun, else Updated. */
	next() {
		return this.tx ? 'Updated' : 'Started';
	}

	// -- reusable states --------------------------------------------------------------------

	boot(reason = 'PowerUp', more = {}) {
		return this.call('BootNotification', {
			reason, chargingStation: { model: 'Tester', vendorName: 'Nobody',
				...(this.serial && { serialNumber: this.serial }), ...more },
		});
	}

	/** Power-cycled, accepted, all connectors reported. */
	async booted(reason = 'PowerUp', other = {}) {
		const r = await this.boot(reason);
		assert.equal(r.status, 'Accepted', 'the boot is accepted');
		await this.statuses('Available', other);
		return r;
	}

	/** A card was presented: Authorize, then a TransactionEvent. */
	async authorized(token = this.token, { evse } = {}) {
		const a = await this.call('Authorize', { idToken: token });
		assert.equal(a.idTokenInfo.status, 'Accepted', 'Authorize');
		const r = await this.event(this.next(), 'Authorized', { idToken: token, ...(evse && { evse }) });
		assert.equal(r.idTokenInfo?.status, 'Accepted', 'TransactionEvent Authorized');
		this.state.authorized = true;
		return r;
	}

	/** The cable was plugged in; `more`: further fields of the event. */
	async evConnected(evse = { id: 1, connectorId: 1 }, more = {}) {
		await this.status('Occupied', evse.id, evse.connectorId);
		const r = await this.event(this.next(), 'CablePluggedIn', { info: { chargingState: 'EVConnected' }, evse, ...more });
		this.state.connected = evse;
		return r;
	}

	async energyTransferStarted({ token, evse } = {}) {
		if (!this.state.authorized) await this.authorized(token);
		if (!this.state.connected) await this.evConnected(evse);
		this.state.charging = true;
		return this.event('Updated', 'ChargingStateChanged', { info: { chargingState: 'Charging' } });
	}

	async energyTransferSuspended() {
		if (!this.state.charging) await this.energyTransferStarted();
		return this.event('Updated', 'ChargingStateChanged', { info: { chargingState: 'SuspendedEV' } });
	}

	/** The card was presented once more. */
	async stopAuthorized(token = this.token) {
		if (!this.state.charging) await this.energyTransferStarted();
		const r = await this.event('Updated', 'StopAuthorized', { idToken: token });
		assert.equal(r.idTokenInfo?.status, 'Accepted', 'TransactionEvent StopAuthorized');
		this.state.stopped = true;
		return r;
	}

	async evConnectedPostSession() {
		if (!this.state.stopped) await this.stopAuthorized();
		this.state.post = true;
		return this.event('Updated', 'ChargingStateChanged', { info: { chargingState: 'EVConnected' } });
	}

	/** Unplugged: the transaction ends, and the next one may begin; `more`: further fields of the event. */
	async evDisconnected(more) {
		if (!this.state.post) await this.evConnectedPostSession();
		const { id, connectorId } = this.state.connected;
		await this.status('Available', id, connectorId);
		return this.end('EVCommunicationLost', { chargingState: 'Idle', stoppedReason: 'EVDisconnected' }, more);
	}

	/** Sends the Ended event; the transaction's id stays in `ended`. */
	async end(triggerReason, info, more = {}) {
		const r = await this.event('Ended', triggerReason, { info, ...more });
		this.ended = this.tx.id;
		this.tx = undefined;
		this.state = {};
		return r;
	}
}

/** What a station answers to CALLs that no case waits for: depotd's own. */
const DEFAULTS = {
	SetChargingProfile: { status: 'Accepted' },
	ClearChargingProfile: { status: 'Accepted' },
	GetChargingProfiles: { status: 'NoProfiles' },
	GetCompositeSchedule: { status: 'Rejected' },
	GetLocalListVersion: { versionNumber: 0 },
	SendLocalList: { status: 'Accepted' },
	TriggerMessage: { status: 'NotImplemented' },
	GetBaseReport({ requestId }) {
		setImmediate(() => this.report(requestId, this.model).catch(() => {}));
		return { status: 'Accepted' };
	},
	GetReport: { status: 'EmptyResultSet' },
	GetTransactionStatus({ transactionId }) {
		return { messagesInQueue: false, ...(transactionId && { ongoingIndicator: transactionId === this.tx?.id }) };
	},
	GetVariables({ getVariableData }) {
		return {
			getVariableResult: getVariableData.map(({ component, variable, attributeType }) => {
				const a = this.find(component, variable)[0]?.variableAttribute[0];
				const known = this.find(component).length > 0;
				return {
					component, variable, ...(attributeType && { attributeType }),
					attributeStatus: a ? 'Accepted' : known ? 'UnknownVariable' : 'UnknownComponent',
					...(a && { attributeValue: a.value }),
				};
			}),
		};
	},
	SetVariables({ setVariableData }) {
		return {
			setVariableResult: setVariableData.map(({ component, variable, attributeType, attributeValue }) => {
				const a = this.find(component, variable)[0]?.variableAttribute[0];
				if (a) a.value = attributeValue;
				return {
					component, variable, ...(attributeType && { attributeType }),
					attributeStatus: a ? 'Accepted' : 'UnknownComponent',
				};
			}),
		};
	},
};
