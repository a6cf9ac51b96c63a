// The event stream as its readers have it: its events, and the overview that they add up to.
import http from 'node:http';
import https from 'node:https';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './harness.mjs';

/** The stream's events as they come; over the Unix socket, unless the headers say who asks. */
export async function stream(depotd, query = '', headers = {}) {
	const s = { events: [], ended: false };
	const path = `/api/v1/stream${query}`;
	const isLocal = headers.authorization === undefined;
	const res = await new Promise((ok, bad) => {
		s.req = (isLocal ? http : https).request(isLocal
			? { socketPath: join(depotd.data, 'depotd.sock'), path, agent: false, headers }
			: {
				host: '127.0.0.1', port: depotd.ports.console, servername: 'localhost', ca: readFileSync(depotd.root()),
				path, agent: false, headers: { host: 'localhost', ...headers },
			}, ok).on('error', bad);
		s.req.end();
	});
	let text = '';
	s.status = res.statusCode;
	s.headers = res.headers;
	s.req.on('error', () => {});
	res.on('error', () => {});
	res.on('close', () => (s.ended = true));
	res.setEncoding('utf8');
	res.on('data', (d) => {
		text += d;
		const parts = text.split('\n\n');
		text = parts.pop();
		for (const part of parts) {
			const event = /^event: (.*)$/m.exec(part)?.[1], data = /^data: (.*)$/m.exec(part)?.[1];
			if (event) s.events.push({ event, data: JSON.parse(data) });
		}
	});
	s.seen = (what, test) => until(what, () => s.events.find(test));
	s.close = () => s.req.destroy();
	return s;
}

const merge = (old, change) => Object.fromEntries(Object.entries({ ...old, ...change }).filter(([, v]) => v !== null));

function put(list, key, changes = {}) {
	const things = new Map(list.map((x) => [key(x), x]));
	for (const [id, change] of Object.entries(changes)) {
		if (change === null) things.delete(id);
		else things.set(id, merge(things.get(id), change));
	}
	return [...things.values()];
}

/** The overview as its reader has it after all these events. */
export const held = (s) => s.events.reduce((o, { event, data: p }) => {
	if (event === 'overview') return p;
	const stations = put(o.stations, (x) => x.id, p.stations).map((x) => {
		const mine = Object.entries(p.evses ?? {}).filter(([id]) => id.startsWith(`${x.id}/`)).map(([id, c]) => [id.slice(x.id.length + 1), c]);
		return { ...x, evses: put(x.evses ?? [], (e) => String(e.id), Object.fromEntries(mine)) };
	});
	const lists = ['vehicles', 'meters', 'alarms', 'envelopes'].map((group) => [group, put(o[group], (x) => x.id, p[group])]);
	return { ...o, stations, ...Object.fromEntries(lists) };
}, undefined);
