/* A running depot with something of everything, and the addresses of all its pages. */
import { until } from "./kit.mjs";

const TARIFF = { id: "flat", name: "Flat", currency: "EUR", import: [{ id: "energy", price: 0.3 }] };

/* Enough of everything that an empty list would be a lie. */
export async function fill(depot) {
	const send = async (method, path, body) => {
		const r = await depot.api(method, path, body);
		if (r.status >= 300) throw new Error(`${method} ${path}: ${r.status} ${r.text}`);
		return r.json;
	};
	const { at } = await send("GET", "/tree");
	const in_h = (h) => new Date(Date.parse(at) + h * 3_600_000).toISOString();
	await send("PUT", "/tariffs/flat", TARIFF);
	await send("PUT", "/tariffs/other", { ...TARIFF, id: "other", name: "Other", valid_from: "2027-01-01" });
	await send("POST", "/envelopes", { node: "site", owner: "openadr/m", grid: true, reference: "e-1", blocks: [{ start: in_h(1), end: in_h(20), import_w: 60_000 }] });
	await send("PUT", "/users/ann", { role: "dispatcher" });
	await send("POST", "/api-tokens", { name: "board", role: "viewer" });
	await send("PUT", "/rosters/R-1", { id: "R-1", vehicle: "VAN-1", days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], departs: "05:00", returns: "15:00", distance_km: 80 });
	const grid = await send("GET", "/grid");
	await send("PUT", "/grid/nodes/hall", { ...grid.nodes.find((n) => n.id === "hall"), limit_w: 29_000 });
	await until("a plan", async () => (await depot.api("GET", "/plans?limit=2")).json.plans.length > 0, 60_000);
	await until("a session", async () => (await depot.api("GET", "/transactions")).json.transactions.length > 0, 60_000);
	await until("an alarm", async () => (await depot.api("GET", "/alarms")).json.alarms.length > 0, 60_000);
	await until("a chance", async () => (await depot.api("GET", "/readiness")).json?.vehicles?.length > 0, 60_000);
}

/* Every page, and of each kind of thing one. */
export async function pages(depot) {
	const get = async (path) => (await depot.api("GET", path)).json;
	const [envelope] = (await get("/envelopes")).envelopes;
	const [t] = (await get("/transactions")).transactions;
	const [alarm] = (await get("/alarms")).alarms;
	const [line] = (await get("/audit")).rows;
	return ["/", "/plan", "/plan/VAN-1", "/vehicles", "/vehicles/VAN-1", "/energy", `/energy/${envelope.id}`, "/chargers",
		"/chargers/CP-W", "/meters", "/meters/main", "/alarms", `/alarms/${alarm.id}`, "/sessions", `/sessions/${t.station}/${t.id}`,
		"/tariffs", "/tariffs/flat", "/certificates", "/grid-peers", "/users", "/audit", `/audit/${line.seq}`, "/settings", "/wire", "/wall"];
}
