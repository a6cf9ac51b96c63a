/*
 * A running depotd with depotsim behind it, for the console's tests: three meters of which one has a
 * wrong ratio, one that is dead, a van that charges. The clock runs fast.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { BUILD, Depotd } from "../e2e/harness.mjs";

/* Below the ports that the kernel gives to whoever asks for any: nobody takes it in between. */
const freePort = () => new Promise((ok) => {
	const port = 12_000 + Math.floor(Math.random() * 18_000);
	const s = net.createServer().once("error", () => ok(freePort()));
	s.listen(port, "127.0.0.1", () => s.close(() => ok(port)));
});

const text = (rows, yard) => `
depot: walk
name: Walkstadt
timezone: Europe/Amsterdam
nodes:
  - {id: site, name: Grid connection, kind: site, limit_w: 100000, limit_a: 160, meter: main}
  - {id: yard, name: Yard feeder, kind: feeder, parent: site, limit_w: 90000, meter: yard}
  - {id: hall, name: Wash hall, kind: load, parent: site, limit_w: 30000, meter: hall}
stations:
  - id: CP-W
    node: yard
    evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, tail_w: 4140}]
  - id: CP-X
    node: yard
    evses: [{id: 1, kind: ac, max_w: 22000, min_w: 4140, tail_w: 4140}]
vehicles:
  - {id: VAN-1, name: VAN 01, token: AABBCCDD, battery_wh: 90000, max_ac_w: 22000, max_dc_w: 80000, min_w: 4140, need_wh: 80000, departs: "23:59"}
meters:
  - {id: main, name: Main meter, ${rows[0]}}
  - {id: yard, name: Yard meter, ${rows[1]}${yard}}
  - {id: hall, name: Wash hall meter, ${rows[2]}}
  - {id: roof, name: Roof meter, map: abb-b23, timeout_ms: 100, ${rows[3]}}
oscp:
  peers: [{id: dso, name: Stedin, plain: true, groups: [{group: G1, node: site}]}]
`;

export class Depot {
	async start() {
		this.dir = mkdtempSync(join(tmpdir(), "console-depot-"));
		this.ports = [await freePort(), await freePort(), await freePort(), await freePort()];
		const rows = this.ports.map((port, i) =>
			`tcp: {host: 127.0.0.1, port: ${port}}${i < 3 ? ", map: eastron-sdm630" : ""}`);
		writeFileSync(join(this.dir, "depot.yaml"), text(rows, ""));
		writeFileSync(join(this.dir, "scenario.yaml"), `
base_load: [{node: hall, noise_w: 200, points: [{at: "00:00", w: 5000}]}]
visits: [{vehicle: VAN-1, station: CP-W, arrives: "18:01", soc_pct: 10}]
`);
		const origin = Math.round(Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1e6);
		const clock = ["--speed", "25", "--start", "2026-03-10T17:00:00Z", "--origin", String(origin)];
		this.depotd = await new Depotd({ depot: text(rows, ", ratio: 2"), config: "control: {envelopes: ask}\n", args: clock }).start();
		this.ctl("passwords", "--generate", "--out", join(this.dir, "passwords"));
		this.sim = spawn(join(BUILD, "depotsim"), ["--depot", join(this.dir, "depot.yaml"),
			"--scenario", join(this.dir, "scenario.yaml"), "--meter-maps", resolve("etc/meters"),
			"--csms", `ws://127.0.0.1:${this.depotd.ports.profile1}/ocpp`, "--passwords", join(this.dir, "passwords"),
			...clock, "--quiet"], { stdio: ["ignore", "inherit", "inherit"] });
		this.base = `https://localhost:${this.depotd.ports.console}`;
		return this;
	}

	ctl(...args) {
		const r = spawnSync(join(BUILD, "depotctl"), ["--socket", join(this.depotd.data, "depotd.sock"), ...args], { encoding: "utf8" });
		if (r.status !== 0) throw new Error(`depotctl ${args.join(" ")}: ${r.stdout}${r.stderr}`);
		return r.stdout;
	}

	/* A sign-in address, good once. */
	link(role = "admin") {
		const code = /#sign-in=([\w-]+)/.exec(this.ctl("link", "--role", role))[1];
		return `${this.base}/#sign-in=${code}`;
	}

	/* The API as a program uses it, over the daemon's own socket. */
	api(method, path, body) {
		return this.depotd.api(method, path, body);
	}

	async stop() {
		this.sim?.kill();
		await this.depotd?.clean();
		rmSync(this.dir, { recursive: true, force: true });
	}
}
