/*
 * A stand-in for depotd that serves the built console and a fixture's API: sign-in, session,
 * overview, power, stream. For development: node tests/console/mock-server.mjs [PORT], then open
 * the address it prints.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { pathToFileURL } from "node:url";
import * as fixture from "./fixture.mjs";
import { AlarmApi } from "./alarms_api.mjs";
import { ChargerApi } from "./chargers_api.mjs";
import { EnergyApi } from "./energy_api.mjs";
import { MeterApi } from "./meters_api.mjs";
import { PagesApi } from "./pages_api.mjs";
import { PlanApi } from "./plan_api.mjs";
import { Said } from "./said.mjs";
import { VehicleApi } from "./vehicles_api.mjs";

export const CODE = "mock-code-0123456789-abcdef";
const CSRF = "c".repeat(32);
const MAY = { viewer: ["self", "read"], admin: ["self", "read", "follow", "inspect", "operate", "maintain", "set-up", "limit", "overrule", "attend", "approve", "trust", "price", "dispatch", "steer", "govern"] };
const SESSION = { name: "M. de Wit", role: "admin", csrf: CSRF, may: MAY.admin, user: true, factor: false, fresh: false };
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
	+ "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

export class MockServer {
	constructor(root, data = fixture.overview()) {
		this.root = root;
		this.data = data;
		this.began = Date.now();
		this.isHeld = false;
		this.passed = 0; /* ms since the fixture's start, while time is held */
		this.isCut = false;
		this.gate = Promise.resolve();
		this.streams = new Set();
		this.codes = new Set([CODE]);
		this.sessions = new Set();
		this.seq = 0;
		this.said = new Said();
		this.isQuiet = false;
		this.change = (body) => body; /* what is done to each answer before it leaves */
		this.powerStatus = 200;
		this.seen = []; /* "METHOD path" of each request */
		this.languages = new Map(); /* path → what was wanted last */
		this.bodies = []; /* [route, body] of each command */
		this.role = "admin";
		this.meterApi = new MeterApi(this);
		this.alarmApi = new AlarmApi(this);
		this.chargerApi = new ChargerApi(this);
		this.energyApi = new EnergyApi(this);
		this.planApi = new PlanApi(this);
		this.pagesApi = new PagesApi(this);
		this.vehicleApi = new VehicleApi(this);
		this.server = createServer((req, res) => this.#handle(req, res));
		this.server.on("connection", (socket) => this.isCut && socket.destroy());
	}

	/* The depot's time: the fixture's start and as long as this server lives, times its speed. */
	now() {
		return fixture.START + (this.isHeld ? this.passed : Date.now() - this.began) * this.data.speed;
	}

	/* Time stands still, at the fixture's start, but for what a test lets pass. */
	hold() {
		this.isHeld = true;
		this.passed = 0;
		return this;
	}

	/* The fixture anew. */
	again(data = fixture.overview()) {
		this.passed = 0;
		this.data = data;
		this.bodies = [];
		this.snapshot();
	}

	/* Nobody is answered until it is mended; the port stays ours. */
	cut(isCut) {
		this.isCut = isCut;
		if (isCut) this.server.closeAllConnections();
	}

	/* Commands are answered only when the function that this gives is called. */
	shut() {
		let open;
		this.gate = new Promise((resolve) => { open = resolve; });
		return open;
	}

	async listen(port = 0) {
		await new Promise((resolve) => this.server.listen(port, "127.0.0.1", resolve));
		this.port = this.server.address().port;
		this.beat = setInterval(() => this.isQuiet || this.#write(": beat\n\n"), 5000);
		return `http://127.0.0.1:${this.port}`;
	}

	stop() {
		clearInterval(this.beat);
		this.server.closeAllConnections();
		return new Promise((resolve) => this.server.close(resolve));
	}

	/* Sends of the things in it what changed since they were last said, as depotd does; it changes nothing
	 * in `data` unless the caller did so. */
	patch(body) {
		this.#event("patch", { at: new Date(this.now()).toISOString(), ...this.said.patch(body) });
	}

	snapshot() {
		this.said.hold(this.data);
		this.#event("overview", { ...this.data, at: new Date(this.now()).toISOString() });
	}

	#event(type, body) {
		this.seq += 1;
		this.#write(`id: ${this.seq}\nevent: ${type}\ndata: ${JSON.stringify(this.change(body))}\n\n`);
	}

	#write(text) {
		for (const res of this.streams) res.write(text);
	}

	#json(res, status, body, headers = {}) {
		const type = status < 400 ? "application/json" : "application/problem+json";
		res.writeHead(status, { "content-type": type, "cache-control": "no-store", ...headers });
		res.end(JSON.stringify(status < 400 ? this.change(body) : body));
	}

	#problem(res, status, title, detail) {
		this.#json(res, status, { type: "about:blank", title, status, ...(detail && { detail }) });
	}

	async #handle(req, res) {
		const url = new URL(req.url, "http://x");
		this.seen.push(`${req.method} ${req.url}`);
		this.languages.set(url.pathname, req.headers["accept-language"]);
		if (!url.pathname.startsWith("/api/")) {
			this.#file(url.pathname, req, res);
			return;
		}
		const route = `${req.method} ${url.pathname.slice("/api/v1".length)}`;
		if (route === "POST /sign-in") {
			await this.#signIn(req, res);
			return;
		}
		const cookie = /sid=([^;]+)/.exec(req.headers.cookie ?? "")?.[1];
		if (!this.sessions.has(cookie)) this.#problem(res, 401, "Sign in first");
		else if (route === "GET /session") this.#json(res, 200, { ...SESSION, role: this.role, may: MAY[this.role] });
		else if (route === "GET /overview") this.#json(res, 200, { ...this.data, at: new Date(this.now()).toISOString() });
		else if (route === "GET /power") this.#power(url, res);
		else if (route === "GET /stream") this.#stream(res);
		else await this.#more(req, route, res);
	}

	/* Routes of single pages: each gives [status, body], or nothing. */
	async #more(req, route, res) {
		let text = "";
		for await (const piece of req) text += piece;
		if (text) this.bodies.push([route, JSON.parse(text)]);
		const sent = text ? JSON.parse(text) : undefined;
		if (req.method !== "GET") await this.gate;
		const [status, body] = this.meterApi.answer(route, sent) ?? this.alarmApi.answer(route, sent)
			?? this.energyApi.answer(route, sent, new URL(req.url, "http://x").searchParams)
			?? this.pagesApi.answer(route, sent, new URL(req.url, "http://x").searchParams)
			?? this.planApi.answer(route, sent, new URL(req.url, "http://x").searchParams)
			?? this.vehicleApi.answer(route, sent, new URL(req.url, "http://x").searchParams)
			?? this.chargerApi.answer(route, sent, new URL(req.url, "http://x").searchParams) ?? [404, undefined];
		if (status >= 400) this.#problem(res, status, "No such thing", body);
		else this.#json(res, status, body);
	}

	async #signIn(req, res) {
		let text = "";
		for await (const piece of req) text += piece;
		const { code } = JSON.parse(text);
		if (!this.codes.delete(code)) {
			this.#problem(res, 401, "The link was used or is too old");
			return;
		}
		const id = `s${this.sessions.size + 1}`;
		this.sessions.add(id);
		this.#json(res, 200, SESSION, { "set-cookie": `sid=${id}; HttpOnly; SameSite=Strict; Path=/` });
	}

	#power(url, res) {
		if (this.powerStatus !== 200) {
			this.#problem(res, this.powerStatus, "The series store is busy");
			return;
		}
		const q = url.searchParams;
		this.#json(res, 200, fixture.power(Date.parse(q.get("from")), Date.parse(q.get("to")), Number(q.get("step"))));
	}

	#stream(res) {
		res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
		this.streams.add(res);
		res.on("close", () => this.streams.delete(res));
		this.snapshot();
	}

	#file(path, req, res) {
		const name = join(this.root, normalize(/\.\w+$/.test(path) ? path : "/index.html"));
		const isZipped = /\bgzip\b/.test(req.headers["accept-encoding"] ?? "") && existsSync(`${name}.gz`);
		if (!name.startsWith(this.root) || !existsSync(name) || !statSync(name).isFile()) {
			this.#problem(res, 404, "No such file");
			return;
		}
		res.writeHead(200, {
			"content-type": TYPES[extname(name)] ?? "application/octet-stream",
			"content-security-policy": CSP, "x-content-type-options": "nosniff",
			...(isZipped && { "content-encoding": "gzip" }),
		});
		res.end(readFileSync(isZipped ? `${name}.gz` : name));
	}
}

/* By itself: the fixture with slow, small changes, so that the page lives. */
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
	const root = join(process.cwd(), process.env.BUILD ?? "build", "console");
	const mock = new MockServer(root);
	const base = await mock.listen(Number(process.argv[2] ?? 0));
	console.log(`${base}/#code=${CODE}`);
	setInterval(() => {
		mock.codes.add(CODE);
		const at = new Date(mock.now()).toISOString();
		const nodes = Object.fromEntries(mock.data.tree.nodes.map((n) => {
			const load_w = Math.min(n.limit_w ?? Infinity, n.load_w + (Math.random() - 0.5) * 2000);
			return [n.id, { ...n, load_w, load_at: at }];
		}));
		mock.patch({ nodes, meters: Object.fromEntries(mock.data.meters.map((m) => [m.id, { ...m, at }])) });
	}, 1000);
}
