/* Words of the Energy page, in German. */
import type { energyEn } from "./en_energy.ts";

const SP = "\u202f";

const plural = (n: number, one: string, many: string): string => (n === 1 ? one : many);

export const energyDe: typeof energyEn = {
	bindsTag: "ausgelastet",

	/* tree */
	sinceTime: (time) => `seit ${time}`,
	channels: { imbalance: "Schieflast", export: "Abgabe" },
	ofLimit: (load, limit, unit) => `${load} von ${limit}${SP}${unit}`,
	atMost: (limit, unit) => `höchstens ${limit}${SP}${unit}`,
	bears: "über dem Dauerwert, unter dem Kurzzeitwert",

	/* limits of a node */
	limitsTitle: "Grenzen",
	limitsOf: "Grenzen von",
	limitQuantities: { import: "Bezug", export: "Abgabe", phase: "Strom" },
	limitStates: {
		"in-force": "gilt", "to-come": "kommt", beaten: "überboten", "stands-by": "steht bereit", waits: "wartet auf Antwort",
	},
	by: (who) => `von ${who}`,
	sourceOwner: (source, owner) => `${source}: ${owner}`,
	always: "immer",
	fromOn: (time) => `ab ${time}`,
	untilAt: (time) => `bis ${time}`,
	fromTo: (from, to) => `${from} bis ${to}`,
	knownFor: (span) => `bekannt seit ${span}`,
	perPhase: (a) => `${a}${SP}A je Phase`,
	importOf: (kw) => `≤ ${kw}${SP}kW Bezug`,
	exportOf: (kw) => `≤ ${kw}${SP}kW Abgabe`,
	moreTimes: (n) => `${n} weitere ${plural(n, "Zeit", "Zeiten")}`,

	/* envelopes */
	envelopesTitle: "Grenzen anderer",
	envelopesSub: "auf Zeit, die engste gilt",
	envelopesNone: "Niemand begrenzt dieses Depot auf Zeit.",
	envelopesNoneWhy: "Grenzen eines Netzbetreibers oder des Betriebs stünden hier: von wem, und was sie ändern.",
	owner: "Gesetzt von",
	limitHead: "Grenze",
	received: "Erhalten",
	whatItChanges: "Was sie ändert",
	envelopeBinds: "Gilt",
	envelopeStates: {
		received: "Wartet auf Antwort", pending: "Kommt", active: "In Kraft", "fallback-eligible": "Steht bereit",
		fallback: "Rückfall gilt", expired: "Vorbei", withdrawn: "Zurückgezogen", refused: "Abgelehnt",
	},
	beatenBy: (owner, why) => (why === "priority" ? `durch Priorität überstimmt von ${owner}` : `überboten von ${owner}`),
	urgentTaken: "befolgt, bevor jemand gefragt wurde",
	ownerSilent: "ihr Absender ist stumm",
	notJudged: "nicht beurteilt",
	effectNone: "Kein Fahrzeug verspätet sich dadurch.",
	effectLate: (n, kwh) => `${n} ${plural(n, "Fahrzeug fährt", "Fahrzeuge fahren")} mit ${kwh}${SP}kWh zu wenig.`,
	judged: (span) => `beurteilt vor ${span}`,
	why: "Warum (freiwillig)",
	whyNeeded: "Warum (sie gehört jemand anderem)",
	envelopeActs: {
		accept: { button: "Annehmen…", title: "Diese Grenze annehmen?", verb: "Annehmen", effect: "Sie gilt ab ihrem Beginn. Der Netzbetreiber erfährt es." },
		refuse: { button: "Ablehnen…", title: "Diese Grenze ablehnen?", verb: "Ablehnen", effect: "Sie gilt nicht. Der Netzbetreiber erfährt es, und ist vielleicht nicht einverstanden." },
		withdraw: { button: "Zurückziehen…", title: "Diese Grenze zurückziehen?", verb: "Zurückziehen", effect: "Sie gilt sofort nicht mehr. Die nächstengste tritt an ihre Stelle." },
	},
	trialRuns: "Der Planer probiert es",
	trialFailed: (why) => `Es ließ sich nicht probieren: ${why}`,
	trialShed: (kwh, kw) => `${kwh}${SP}kWh weniger, bis zu ${kw}${SP}kW aufgegeben.`,
	trialVehicles: "Fahrzeuge, für die sich etwas ändert",
	readyNow: "Bereit",
	readyThen: "Dann bereit",
	missing: "Fehlt",

	/* a limit of one's own */
	tryTitle: "Eine Grenze probieren",
	trySub: "Probieren sendet nichts",
	atMostKw: "Höchstens, kW",
	fromClock: "Ab (leer: jetzt)",
	forHow: "Für",
	whatIf: "Was wäre wenn?",
	putInForce: "In Kraft setzen",
	tryNumbers: "Die Grenze muss eine Zahl in kW sein, 0 oder mehr.",
	tryDone: (time) => `Die Grenze ist gesetzt, ${time}. Sie steht unter den Grenzen anderer.`,

	/* guard */
	tiersTitle: "Alte Messwerte",
	tiersSub: "was fehlt, zählt als schlimmster Fall",
	tierWords: {
		measured: "gemessen", held: "letzter Wert gehalten", "worst-case": "zählt mit dem schlimmsten Fall", minimum: "vereinbartes Minimum",
		tails: "sicherer Rest", bounded: "höchstens, nach den Zählern ringsum", island: "von der Insel gespeist",
	},
	tierCosts: (kw) => `Dem Laden fehlen dadurch ${kw}${SP}kW.`,
	tierFree: "Dem Laden fehlt dadurch nichts.",
	demandTitle: "Offene Viertelstunde",
	left: (span) => `noch ${span}`,
	demandExpected: (times, target) => `erwartet für ${times}. Ziel ${target}${SP}kW.`,
	demandSoFar: (mean, allowed) => `Mittel bisher ${mean}${SP}kW, bis zum Ende erlaubt ${allowed}${SP}kW.`,
	demandMissing: (span) => `${span} nicht gemessen, schlimmstenfalls gezählt.`,
	demandDanger: "Sie endet auch ohne Laden über dem Ziel.",
	storesTitle: "Batterien",
	batteryHolds: "Enthält",
	batteryOf: (kwh, full, time) => `${kwh} von ${full}${SP}kWh um ${time}`,
	batteryKeeps: "Behält",
	batteryDoes: "Tut",
	batteryTold: "Soll",
	batteryPlan: "Geplant",
	batteryUntold: "nichts",
	batteryPower: (w, kw) => (w < 0 ? `gibt ${kw}${SP}kW` : w > 0 ? `nimmt ${kw}${SP}kW` : `0${SP}kW`),
	dischargeStop: {
		button: "Zurückgeben stoppen…", title: "Alles Zurückgeben stoppen?", verb: "Stoppen",
		effect: "Kein Fahrzeug und keine Batterie, die depotd steuert, gibt Energie zurück, bis das freigegeben wird. Das Laden geht weiter.",
	},
	dischargeRelease: {
		button: "Freigeben…", title: "Batterien wieder zurückgeben lassen?", verb: "Freigeben",
		effect: "Sie dürfen wieder Energie zurückgeben, wie geplant.",
	},
	dischargeStopped: (time, why) =>
		`Nichts gibt Energie zurück${time === undefined ? "" : ` seit ${time}`}${why === undefined ? "" : `: ${why}`}. Das bleibt so, bis es jemand freigibt.`,
	dischargeWho: "Operatoren, Elektriker und Verwalter können alles Zurückgeben stoppen.",
	returnsTitle: "Strom",
	islandNow: (state, span, kw, vans) => `${state} seit ${span}. Speicher und PV geben ${kw}${SP}kW, davon ${vans}${SP}kW für Fahrzeuge.`,
	storesHold: (kwh, kept) => `Speicher enthalten ${kwh}${SP}kWh, davon bleiben ${kept}${SP}kWh zurück.`,
	storesUntold: "Nicht jeder Speicher meldet, was er enthält: was fehlt, zählt als leer.",
	notTold: "Die Speicher melden nicht, was sie enthalten: Sie zählen als leer.",
	islandStates: { island: "Insel", returning: "Zurück ans Netz" },
	returning: (name, released, waiting, next) =>
		`Strom ist zurück an ${name}: ${released} von ${released + waiting} ${plural(released + waiting, "Fahrzeug", "Fahrzeugen")} freigegeben, ${waiting} ${plural(waiting, "behält so lange, was es hat", "behalten so lange, was sie haben")}. Nächster Schritt in ${next}.`,
};
