/* Words of the Energy and Alarms pages, in German. */
import type { workEn } from "./en_work.ts";

const SP = "\u202f";

const plural = (n: number, one: string, many: string): string => (n === 1 ? one : many);

export const workDe: typeof workEn = {
	siteNow: (kw) => `${kw}${SP}kW jetzt.`,
	siteUnknown: "Die Leistung des Standorts ist unbekannt.",
	nodeHolds: (name, n) => `${name} bremst ${n} ${plural(n, "Fahrzeug", "Fahrzeuge")}.`,
	nothingHolds: "Keine Grenze bremst ein Fahrzeug.",
	siteLimit: (kw, owner) => `Der Standort darf ${kw}${SP}kW ziehen. Diese Grenze kommt von: ${owner}.`,
	siteNoLimit: "Der Standort hat keine eigene Grenze.",
};
