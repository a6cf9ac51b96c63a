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
import { Heading, type Said } from "../../ui/answer.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Log } from "./log.tsx";

export function WirePage() {
	const [choice, setChoice] = useState<WireChoice>(() => wireChoiceOf(location.search));
	const [said, setSaid] = useState<Said | undefined>(undefined);
	if (!isHere.value) return <Skeleton />;
	const set = (change: Partial<WireChoice>) => {
		const next = { ...choice, ...change };
		setChoice(next);
		note(wireAddress(next));
	};
	return (
		<div class="page">
			<Heading said={said} name={say.wirePageTitle(choice.station)} />
			{isAllowedTo("inspect") ? <Log id={undefined} choice={choice} set={set} onSaid={setSaid} /> : <p class="sub2">{say.notYours}</p>}
		</div>
	);
}
