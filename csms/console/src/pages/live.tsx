/*
 * Tonight: the sentence, who needs help, the site against its limit, the tree, chargers, vans.
 */
import { useEffect, useState } from "preact/hooks";
import { en } from "../messages/en.ts";
import { overview } from "../store/store.ts";
import { Chart } from "./chart.tsx";
import { Chargers } from "./chargers.tsx";
import { Meters } from "./meters.tsx";
import { Tree } from "./tree.tsx";
import { NeedsYou, Vans } from "./vans.tsx";

/* Grey shapes of the final layout, and only when the first data takes longer than 300 ms. */
function Skeleton() {
	const [isShown, setShown] = useState(false);
	useEffect(() => {
		const timer = setTimeout(() => setShown(true), 300);
		return () => clearTimeout(timer);
	}, []);
	if (!isShown) return null;
	return (
		<div class="page" aria-busy="true">
			<p class="vh" role="status">{en.loading}</p>
			<div class="sk h1" /><div class="sk sub" />
			<div class="panel sk-panel"><div class="sk" /><div class="sk" /><div class="sk" /></div>
			<div class="panel sk-panel"><div class="sk" /><div class="sk" /><div class="sk" /></div>
		</div>
	);
}

export function Live() {
	const data = overview.value;
	if (!data) return <Skeleton />;
	return (
		<div class="page">
			<div class="say" aria-live="polite">
				<h1>{data.sentence}</h1>
				<p class="sub">{data.sub}</p>
			</div>
			<NeedsYou />
			<div class="g">
				<Chart />
				<Meters />
			</div>
			<Tree />
			<Chargers />
			<Vans />
		</div>
	);
}
