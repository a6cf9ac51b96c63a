/* Words of the Energy and Alarms pages, in English. */
const SP = "\u202f";

const plural = (n: number, one: string, many: string): string => (n === 1 ? one : many);

export const workEn = {
	siteNow: (kw: string) => `${kw}${SP}kW now.`,
	siteUnknown: "The site’s power is unknown.",
	nodeHolds: (name: string, n: number) => `${name} holds back ${n} ${plural(n, "van", "vans")}.`,
	nothingHolds: "No limit holds a van back.",
	siteLimit: (kw: string, owner: string) => `The site may take ${kw}${SP}kW. This limit is from: ${owner}.`,
	siteNoLimit: "The site has no limit of its own.",
};
