/* What a browser calls itself, in the words of people: "Firefox on Linux". */

const BROWSERS: [RegExp, string][] = [
	[/Edg[A-Z]*\//, "Edge"], [/OPR\//, "Opera"], [/Firefox\/|FxiOS\//, "Firefox"], [/Chrome\/|CriOS\//, "Chrome"], [/Safari\//, "Safari"],
];
const SYSTEMS: [RegExp, string][] = [
	[/iPhone|iPad/, "iOS"], [/Android/, "Android"], [/Windows/, "Windows"], [/Mac OS X/, "macOS"], [/CrOS/, "ChromeOS"], [/Linux/, "Linux"],
];

const find = (rows: [RegExp, string][], text: string) => rows.find(([re]) => re.test(text))?.[1];

/* undefined: it says nothing. What is no browser that we know stays as it is, cut. */
export function browserName(agent: string): string | undefined {
	const browser = find(BROWSERS, agent);
	const system = find(SYSTEMS, agent);
	if (browser === undefined) return agent.slice(0, 40) || undefined;
	return system === undefined ? browser : `${browser}, ${system}`;
}
