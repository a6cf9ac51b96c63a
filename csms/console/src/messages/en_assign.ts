/* Words of giving a van a bay, in English. */
export const assignEn = {
	title: (van: string) => `Give ${van} a bay`,
	bay: "Bay",
	noBay: "none: who stands there says who it is",
	verb: (bay: string) => `Assign bay ${bay}`,
	none: "Take its bay back",
	states: {
		free: () => "free", here: () => "it stands there", taken: (who: string) => (who === "" ? "somebody stands there" : `${who} stands there`), fault: () => "does not charge now",
	} as Record<"free" | "here" | "taken" | "fault", (who: string) => string>,
	standsAt: (van: string, bay: string) => `${van} stands at ${bay} now. Somebody has to drive it.`,
	had: (bay: string) => `Its bay so far is ${bay}.`,
	does: (van: string, bay: string) => `From now on the plan expects ${van} at ${bay}, and who plugs in there and shows nothing is taken for it. It holds until it is given another one.`,
	doesNone: (van: string) => `${van} is known only by its card or by itself from now on.`,
	taken: (who: string) => (who === "" ? "Somebody stands there who is taken for it at once, unless a card or the van says otherwise." : `${who} stands there, and must leave first.`),
	fault: "This EVSE does not charge now.",
};
