/*
 * What the API gives to the page of settings; schemas/api.schema says more.
 */

export interface Settings {
	sentence: string;
	sub: string;
	depot_file: string;
	revision: string;
	changed: number;
	values: unknown;
	presets: unknown;
}

export interface GridResult {
	revision: string;
	changed: number;
	in_force: boolean;
	text: string;
	warning?: string;
}
