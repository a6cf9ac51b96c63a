/* Words of the Alarms page, in German. */
import type { alarmsEn } from "./en_alarms.ts";

const SP = "\u202f";

const plural = (n: number, one: string, many: string): string => (n === 1 ? one : many);

export const alarmsDe: typeof alarmsEn = {
	alarmsSentence: (n, urgent) => {
		if (n === 0) return "Kein Alarm braucht jemanden.";
		const need = n === 1 ? "1 Alarm braucht jemanden." : `${n} Alarme brauchen jemanden.`;
		return urgent === 0 ? need : n === 1 ? `${need} Er ist dringend.` : `${need} ${urgent} ${plural(urgent, "ist", "sind")} dringend.`;
	},
	alarmsSub: "Ein Alarm steht nur hier, wenn ein Mensch etwas tun muss. Er endet, wenn seine Ursache weg ist.",
	alarmsBadge: (n) => `${n} ${plural(n, "Alarm braucht", "Alarme brauchen")} jemanden`,
	alarmsNone: "Jetzt wird niemand gebraucht.",
	alarmsNoneWhy: "Stumme Zähler, verletzte Grenzen und ungehorsame Ladestationen stünden hier, mit dem, was zu tun ist.",
	activeTitle: "Braucht jemanden",
	activeSub: "das Dringendste zuerst",
	allAlarms: "Alle Alarme",
	noSuchAlarm: "Einen Alarm dieses Namens gibt es nicht.",
	ranks: { urgent: "Dringend", tonight: "Heute Nacht", "this-week": "Diese Woche" },
	act: "Wann",
	since: "seit",
	sinceHead: "Seit",
	whatIsWrong: "Was los ist, und was es bewirkt",
	nextStep: "Nächster Schritt",
	whoHasIt: "Wer hat es",
	nobodyHasIt: "noch niemand",
	youHaveIt: "Bei Ihnen.",
	asideUntil: "Zurückgestellt bis",
	times: (n) => `${n}-mal`,
	whatToDo: "Was zu tun ist",
	factsTitle: "Dieser Alarm",
	aboutWhat: "Betrifft",
	lastSeen: "Zuletzt gesehen",
	overSince: "Vorbei seit",
	isOver: "Er ist vorbei.",
	noteLabel: "Notiz",
	handTo: "An wen",
	asideFor: "Wie lange",
	asideHours: (h, time) => (h < 48 ? `${h}${SP}h, bis ${time}` : `${h / 24} Tage, bis ${time}`),
	changeNote: "Notiz ändern…",
	alarmActs: {
		take: { button: "Übernehmen…", title: "Diesen Alarm übernehmen?", verb: "Übernehmen", effect: "Andere sehen, dass Sie sich darum kümmern. Sonst ändert sich nichts." },
		hand_over: { button: "Übergeben…", title: "Diesen Alarm übergeben?", verb: "Übergeben", effect: "Er bleibt aktiv. Niemand wird gerufen: sagen Sie es weiter." },
		put_aside: { button: "Zurückstellen…", title: "Diesen Alarm zurückstellen?", verb: "Zurückstellen", effect: "Er erscheint dann wieder. Seine Ursache bleibt, bis jemand sie behebt." },
	},
	alarmKinds: {
		"measurement-old": "Messwert ist alt", "limit-broken": "Grenze verletzt", "charger-disobeys": "Ladestation gehorcht nicht",
		"demand-at-risk": "Viertelstunde in Gefahr", "grid-lost": "Netz ist weg", "power-returned": "Netz ist wieder da",
		"meter-silent": "Zähler ist stumm", "station-silent": "Ladestation ist stumm", "disk-full": "Platte ist fast voll",
		"envelope-refused": "Vorgabe abgelehnt", "envelope-fallback": "Rückfallgrenze gilt",
		"envelope-broken": "Vorgabe verletzt", "provider-silent": "Kapazitätsgeber ist stumm",
		"feeder-lost": "Abgang ist ohne Spannung",
		"crl-overdue": "Sperrliste ist überfällig", "phase-unknown": "Phase ist nicht bekannt",
	},
	recordTitle: "Verlauf",
	recordSub: "Alarme, die vorbei sind, die neuesten zuerst",
	recordEmpty: "Noch kein Alarm ist zu Ende.",
	recordEmptyWhy: "Was vorbei ist, steht hier, mit seiner Dauer.",
	fromTime: "Von",
	toTime: "Bis",
	lastedWord: "Dauer",
	whatWord: "Was",
	whatItDid: "Was es bewirkt hat",
	filter: "Filtern",
	filterNothing: "Kein Alarm hat diese Wörter.",
	calmTitle: "Wie ruhig ist es",
	calmCounts: (day, week) => `${day} ${plural(day, "Alarm", "Alarme")} in 24${SP}h, ${week} in 7 Tagen.`,
	calmOften: (kind, subject, n) => `Am häufigsten: ${kind}, ${subject}, ${n}-mal.`,
	asideTitle: (n) => `Zurückgestellt: ${n}`,
};
