/* Words of giving a van a bay, in German. */
import type { assignEn } from "./en_assign.ts";

export const assignDe: typeof assignEn = {
	title: (van) => `${van} einen Platz geben`,
	bay: "Platz",
	noBay: "keiner: wer dort steht, sagt, wer er ist",
	verb: (bay) => `Platz ${bay} zuweisen`,
	none: "Platz zurücknehmen",
	states: {
		free: () => "frei", here: () => "steht dort", taken: (who) => (who === "" ? "jemand steht dort" : `${who} steht dort`), fault: () => "lädt zurzeit nicht",
	},
	standsAt: (van, bay) => `${van} steht jetzt an ${bay}. Jemand muss es fahren.`,
	had: (bay) => `Sein Platz ist bisher ${bay}.`,
	does: (van, bay) => `Von jetzt an erwartet der Plan ${van} an ${bay}, und wer dort einsteckt und nichts zeigt, gilt als dieses Fahrzeug. Das gilt, bis es einen anderen Platz bekommt.`,
	doesNone: (van) => `${van} ist von jetzt an nur durch seine Karte oder sich selbst bekannt.`,
	taken: (who) => (who === "" ? "Wer dort steht, gilt sofort als dieses Fahrzeug, wenn keine Karte und kein Fahrzeug anderes sagt." : `${who} steht dort und muss erst fort.`),
	fault: "Dieser Ladepunkt lädt zurzeit nicht.",
};
