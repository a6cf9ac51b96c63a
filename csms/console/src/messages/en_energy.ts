/* Words of the Energy page, in English. */
const SP = "\u202f";

const plural = (n: number, one: string, many: string): string => (n === 1 ? one : many);

export const energyEn = {
	bindsTag: "is full",

	/* tree */
	sinceTime: (time: string) => `since ${time}`,
	channels: { imbalance: "Imbalance", export: "Export" } as Record<string, string>,
	ofLimit: (load: string, limit: string, unit: string) => `${load} of ${limit}${SP}${unit}`,
	atMost: (limit: string, unit: string) => `at most ${limit}${SP}${unit}`,
	bears: "above its continuous rating, within its short-time one",

	/* limits of a node */
	limitsTitle: "Limits",
	limitsOf: "Limits of",
	limitQuantities: { import: "import", export: "export", phase: "current" } as Record<string, string>,
	limitStates: {
		"in-force": "in force", "to-come": "to come", beaten: "beaten", "stands-by": "stands by", waits: "waits for an answer",
	} as Record<string, string>,
	by: (who: string) => `by ${who}`,
	sourceOwner: (source: string, owner: string) => `${source}: ${owner}`,
	always: "always",
	fromOn: (time: string) => `from ${time}`,
	untilAt: (time: string) => `until ${time}`,
	fromTo: (from: string, to: string) => `${from} to ${to}`,
	knownFor: (span: string) => `known for ${span}`,
	perPhase: (a: string) => `${a}${SP}A a phase`,
	importOf: (kw: string) => `≤ ${kw}${SP}kW import`,
	exportOf: (kw: string) => `≤ ${kw}${SP}kW export`,
	moreTimes: (n: number) => `${n} more ${plural(n, "time", "times")}`,

	/* envelopes */
	envelopesTitle: "Limits of others",
	envelopesSub: "for a time, the tightest wins",
	envelopesNone: "Nobody limits this depot for a time.",
	envelopesNoneWhy: "Limits of a grid operator or an operator would stand here, with who set them and what they change.",
	owner: "Set by",
	limitHead: "Limit",
	received: "Received",
	whatItChanges: "What it changes",
	envelopeBinds: "Binds",
	envelopeStates: {
		received: "Waits for an answer", pending: "To come", active: "In force", "fallback-eligible": "Stands by",
		fallback: "Fallback in force", expired: "Over", withdrawn: "Withdrawn", refused: "Refused",
	} as Record<string, string>,
	beatenBy: (owner: string, why?: string) => (why === "priority" ? `overruled by ${owner}, by priority` : `beaten by ${owner}`),
	urgentTaken: "obeyed before anybody was asked",
	ownerSilent: "its owner is silent",
	notJudged: "not judged",
	effectNone: "No van is late by it.",
	effectLate: (n: number, kwh: string) => `${n} ${plural(n, "van leaves", "vans leave")} ${kwh}${SP}kWh short.`,
	judged: (span: string) => `judged ${span} ago`,
	why: "Why (optional)",
	whyNeeded: "Why (it is somebody else’s)",
	envelopeActs: {
		accept: { button: "Accept…", title: "Accept this limit?", verb: "Accept it", effect: "It holds from its beginning on. The grid operator is told." },
		refuse: { button: "Refuse…", title: "Refuse this limit?", verb: "Refuse it", effect: "It does not hold. The grid operator is told, and may not agree." },
		withdraw: { button: "Withdraw…", title: "Withdraw this limit?", verb: "Withdraw it", effect: "It stops holding at once. The next tightest limit takes its place." },
	},
	trialRuns: "The planner tries it",
	trialFailed: (why: string) => `It could not be tried: ${why}`,
	trialShed: (kwh: string, kw: string) => `${kwh}${SP}kWh less, up to ${kw}${SP}kW given up.`,
	trialVehicles: "Vans that it changes anything for",
	readyNow: "Ready",
	readyThen: "Ready then",
	missing: "Short by",

	/* a limit of one's own */
	tryTitle: "Try a limit",
	trySub: "trying sends nothing",
	atMostKw: "At most, kW",
	fromClock: "From (empty: now)",
	forHow: "For",
	whatIf: "What if?",
	putInForce: "Put it in force",
	tryNumbers: "The limit must be a number of kW, 0 or more.",
	tryDone: (time: string) => `The limit is set, ${time}. It stands among the limits of others.`,

	/* guard */
	tiersTitle: "Old measurements",
	tiersSub: "what is missing counts as its worst case",
	tierWords: {
		measured: "measured", held: "last value held", "worst-case": "counts as its worst case", minimum: "agreed minimum",
		tails: "safe tails", bounded: "at most, by the meters around it", island: "fed by the island",
	} as Record<string, string>,
	tierCosts: (kw: string) => `Charging lacks ${kw}${SP}kW by that.`,
	tierFree: "Charging lacks nothing by that.",
	demandTitle: "Open demand window",
	left: (span: string) => `${span} left`,
	demandExpected: (times: string, target: string) => `expected for ${times}. Target ${target}${SP}kW.`,
	demandSoFar: (mean: string, allowed: string) => `Mean so far ${mean}${SP}kW, ${allowed}${SP}kW allowed until the end.`,
	demandMissing: (span: string) => `${span} not measured, counted at the worst.`,
	demandDanger: "It ends above the target without any charging.",
	/* batteries that can give back */
	storesTitle: "Batteries",
	batteryHolds: "Holds",
	batteryOf: (kwh: string, full: string, time: string) => `${kwh} of ${full}${SP}kWh at ${time}`,
	batteryKeeps: "Keeps",
	batteryDoes: "Does",
	batteryTold: "Is told",
	batteryPlan: "Planned",
	batteryUntold: "nothing",
	batteryPower: (w: number, kw: string) => (w < 0 ? `gives ${kw}${SP}kW` : w > 0 ? `takes ${kw}${SP}kW` : `0${SP}kW`),
	dischargeStop: {
		button: "Stop giving back…", title: "Stop all that gives energy back?", verb: "Stop it",
		effect: "No van and no battery that depotd commands gives energy back until this is released. Charging goes on.",
	},
	dischargeRelease: {
		button: "Release…", title: "Let batteries give back again?", verb: "Release it",
		effect: "They may give energy back again, as planned.",
	},
	dischargeStopped: (time: string | undefined, why: string | undefined) =>
		`Nothing gives energy back${time === undefined ? "" : ` since ${time}`}${why === undefined ? "" : `: ${why}`}. It stays so until somebody releases it.`,
	dischargeWho: "Operators, electricians and administrators can stop all that gives back.",
	returnsTitle: "Power",
	islandNow: (state: string, span: string, kw: string, vans: string) => `${state} for ${span}. Stores and PV give ${kw}${SP}kW, ${vans}${SP}kW of it for vans.`,
	storesHold: (kwh: string, kept: string) => `Stores hold ${kwh}${SP}kWh, ${kept}${SP}kWh of it kept.`,
	storesUntold: "Not every store tells what it holds: what is not told counts as empty.",
	notTold: "Stores do not tell what they hold: they count as empty.",
	islandStates: { island: "Island", returning: "Back to the grid" } as Record<string, string>,
	returning: (name: string, released: number, waiting: number, next: string) =>
		`Power is back at ${name}: ${released} of ${plural(released + waiting, "1 van has", `${released + waiting} vans have`)} been released, ${waiting} ${plural(waiting, "keeps what it has", "keep what they have")} till then. Next step in ${next}.`,
};
