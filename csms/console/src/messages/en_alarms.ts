/* Words of the Alarms page, in English. */
const SP = "\u202f";

const plural = (n: number, one: string, many: string): string => (n === 1 ? one : many);

export const alarmsEn = {
	alarmsSentence: (n: number, urgent: number): string => {
		if (n === 0) return "No alarm needs anyone.";
		const need = n === 1 ? "1 alarm needs someone." : `${n} alarms need someone.`;
		return urgent === 0 ? need : n === 1 ? `${need} It is urgent.` : `${need} ${urgent} ${plural(urgent, "is", "are")} urgent.`;
	},
	alarmsSub: "An alarm is only here when a person must do something. It ends when its cause is gone.",
	alarmsBadge: (n: number) => `${n} ${plural(n, "alarm needs", "alarms need")} someone`,
	alarmsNone: "Nothing needs anyone now.",
	alarmsNoneWhy: "Silent meters, broken limits and disobedient chargers would stand here, with what to do.",
	activeTitle: "Needs someone",
	activeSub: "the most urgent first",
	allAlarms: "All alarms",
	noSuchAlarm: "There is no alarm of that name.",
	ranks: { urgent: "Urgent", tonight: "Tonight", "this-week": "This week" } as Record<string, string>,
	act: "Act",
	since: "since",
	sinceHead: "Since",
	whatIsWrong: "What is wrong, and what it does",
	nextStep: "Next step",
	whoHasIt: "Who has it",
	nobodyHasIt: "nobody yet",
	youHaveIt: "You have it.",
	asideUntil: "Put aside until",
	times: (n: number) => `${n} times`,
	whatToDo: "What to do",
	factsTitle: "This alarm",
	aboutWhat: "About",
	lastSeen: "Last seen",
	overSince: "Over since",
	isOver: "It is over.",
	noteLabel: "Note",
	handTo: "To whom",
	asideFor: "How long",
	asideHours: (h: number, time: string) => (h < 48 ? `${h}${SP}h, until ${time}` : `${h / 24} days, until ${time}`),
	changeNote: "Change note…",
	alarmActs: {
		take: { button: "Take…", title: "Take this alarm?", verb: "Take it", effect: "Others see that you look after it. Nothing else changes." },
		hand_over: { button: "Hand over…", title: "Hand this alarm over?", verb: "Hand it over", effect: "It stays active. Nobody is called: tell them." },
		put_aside: { button: "Put aside…", title: "Put this alarm aside?", verb: "Put it aside", effect: "It is shown again then. Its cause goes on until somebody removes it." },
	},
	alarmKinds: {
		"measurement-old": "Measurement is old", "limit-broken": "Limit is broken", "charger-disobeys": "Charger disobeys",
		"demand-at-risk": "Demand window at risk", "grid-lost": "Grid is lost", "power-returned": "Power returned",
		"meter-silent": "Meter is silent", "station-silent": "Charger is silent", "disk-full": "Disk is nearly full",
		"envelope-refused": "Limit was refused", "envelope-fallback": "Fallback limit in force",
		"envelope-broken": "Envelope is broken", "provider-silent": "Capacity provider is silent",
	} as Record<string, string>,
	recordTitle: "Record",
	recordSub: "alarms that are over, newest first",
	recordEmpty: "No alarm has ended yet.",
	recordEmptyWhy: "What is over stands here, with how long it lasted.",
	fromTime: "From",
	toTime: "To",
	lastedWord: "Lasted",
	whatWord: "What",
	whatItDid: "What it did",
	filter: "Filter",
	filterNothing: "No alarm has these words.",
	calmTitle: "How calm is it",
	calmCounts: (day: number, week: number) => `${day} ${plural(day, "alarm", "alarms")} in 24${SP}h, ${week} in 7 days.`,
	calmOften: (kind: string, subject: string, n: number) => `Most frequent: ${kind}, ${subject}, ${n} times.`,
	asideTitle: (n: number) => `Put aside: ${n}`,
};
