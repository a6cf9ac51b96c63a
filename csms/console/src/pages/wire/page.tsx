/*
 * The wire log of all chargers: what was said, by whom, how it was answered and how soon. What is looked
 * for stands in the address.
 */
import { useState } from "preact/hooks";
import { say } from "../../messages/say.ts";
import { note } from "../../store/place.ts";
import { isHere } from "../../store/store.ts";
import { type WireChoice, wireAddress, wireChoiceOf } from "../../store/wire.ts";
import { isAllowedTo } from "../../ui/act.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Log } from "./log.tsx";

export function WirePage() {
	const [choice, setChoice] = useState<WireChoice>(() => wireChoiceOf(location.search));
	if (!isHere.value) return <Skeleton />;
	const set = (change: Partial<WireChoice>) => {
		const next = { ...choice, ...change };
		setChoice(next);
		note(wireAddress(next));
	};
	return (
		<div class="page">
			<div class="say">
				<h1>{say.wirePageTitle(choice.station)}</h1>
				<p class="sub">{say.wirePageSub}</p>
			</div>
			{isAllowedTo("inspect") ? <Log id={undefined} choice={choice} set={set} /> : <p class="sub2">{say.notYours}</p>}
		</div>
	);
}
