/* The stand-in's part of the API about meters: registers, wiring, walk, scans. */
const iso = (ms) => new Date(ms).toISOString();

const hex = (x) => {
	const b = Buffer.alloc(4);
	b.writeFloatBE(x);
	return `${b.toString("hex", 0, 2)} ${b.toString("hex", 2)}`;
};

const QUANTITIES = [
	[0, "voltage_l1_v", 230.15], [2, "voltage_l2_v", 229.8], [4, "voltage_l3_v", 230.5], [6, "current_l1_a", 65.52],
	[8, "current_l2_a", 64.3], [10, "current_l3_a", 64.6], [12, "power_l1_w", 14975], [14, "power_l2_w", -14521],
	[16, "power_l3_w", 14714], [52, "power_w", 15130], [70, "frequency_hz", 49.99], [72, "import_wh", 78_389_000],
	[74, "export_wh", undefined],
];

export class MeterApi {
	constructor(mock) {
		this.mock = mock;
		this.walk = undefined;
		this.scans = [];
		this.pairs = [];
		this.selves = [];
		this.registersAge = 0; /* ms that the newest reading is old */
		this.about = undefined;
	}

	registers(id) {
		const rows = QUANTITIES.map(([address, quantity, value]) => ({
			quantity, address, type: "float32", words: value === undefined ? "ffc0 0000" : hex(value),
			scale: quantity.endsWith("_wh") ? 1000 : 1, ...(value !== undefined && { value }),
			quality: value === undefined ? "absent" : quantity === "power_l2_w" ? "suspect" : "good",
		}));
		return {
			id, map: "eastron-sdm630", source: "the maker's protocol sheet", at: iso(this.mock.now() - this.registersAge), rows,
			...(this.about && { about: this.about }),
		};
	}

	answer(route, body) {
		const registers = /^GET \/meters\/(\w+)\/registers$/.exec(route);
		if (registers) return [200, this.registers(registers[1])];
		if (route === "GET /meters/wiring") return [200, { since: iso(this.mock.now() - 3_600_000), pairs: this.pairs, meters: this.selves }];
		if (route === "POST /meters/wiring/reset") {
			this.pairs = [];
			this.selves = [];
			return [200, { ok: true }];
		}
		if (route === "GET /meters/walk") return this.walk ? [200, this.walk] : [404, "there was no walk yet"];
		if (route === "POST /meters/walk") return this.#walk(body);
		if (route === "DELETE /meters/walk") {
			this.walk = { ...this.walk, state: "cancelled" };
			return [200, this.walk];
		}
		if (route === "GET /meters/scans") return [200, { scans: this.scans }];
		if (route === "POST /meters/scans") return this.#scan(body);
		return undefined;
	}

	#walk(body) {
		if (!body.consent) return [400, "the vehicle will charge less: somebody must agree"];
		this.walk = {
			id: "w1", station: body.station, evse: body.evse, state: "high", started: iso(this.mock.now()), low_w: 4140,
			high_w: 11_000, rounds: 3, rounds_done: 0, meters: [],
		};
		return [202, this.walk];
	}

	#scan(body) {
		if (body.host === "8.8.8.8") return [422, "host: only private addresses are scanned"];
		const scan = {
			id: `s${this.scans.length + 1}`, link: `tcp ${body.host}:${body.port}`, started: iso(this.mock.now()), state: "running",
			first_unit: body.first_unit, last_unit: body.last_unit, next_unit: body.first_unit, units: [],
		};
		this.scans.unshift(scan);
		return [202, scan];
	}
}
