/* The series of the site's power as a list of points. Pure. */
import type { Overview, PowerPoint } from "../api/types.ts";
import { rootNode } from "./derive.ts";

export interface Range {
	hours: number;
	stepS: number;
}

/* What an overview says about the site, as a point of the series. */
export function livePoint(from: Overview): PowerPoint | undefined {
	const root = rootNode(from.tree.nodes);
	if (!root) return undefined;
	const point: PowerPoint = { at: from.at, evse_w: root.evse_w };
	if (root.load_w !== undefined) {
		point.site_w = root.load_w;
		point.base_w = Math.max(0, root.load_w - root.evse_w);
	}
	if (root.limit_w !== undefined) point.limit_w = root.limit_w;
	return point;
}

/* Appends to a series, not closer together than half a step (the newest value then stands for its
 * step), and drops what has left the window. */
export function appendPoint(series: PowerPoint[], point: PowerPoint, range: Range): PowerPoint[] {
	const at = Date.parse(point.at);
	const last = series[series.length - 1];
	if (last && Date.parse(last.at) > at) return series;
	const isClose = last !== undefined && at - Date.parse(last.at) < range.stepS * 500;
	const head = isClose ? series.slice(0, -1) : series;
	const from = at - range.hours * 3_600_000;
	const first = head.findIndex((p) => Date.parse(p.at) >= from);
	const next = isClose ? { ...point, at: last.at } : point;
	return [...(first > 0 ? head.slice(first) : head), next];
}
