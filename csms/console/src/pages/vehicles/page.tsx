/*
 * Vehicles: what each has to do, whether it can, and the work of the days to come.
 */
import { useState } from "preact/hooks";
import type { Chances, Readiness, RosterList, TelematicsAsideList, TripList, TripView, VehicleList } from "../../api/types_vehicles.ts";
import { useAsked } from "../../lib/ask.ts";
import { say } from "../../messages/say.ts";
import { overview } from "../../store/store.ts";
import { Answer, AnswerPage, Heading } from "../../ui/answer.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Aside } from "./aside.tsx";
import { Axis } from "./axis.tsx";
import { ChanceTable } from "./chances.tsx";
import { OneVehicle } from "./detail.tsx";
import { Import } from "./import.tsx";
import { VehicleTable } from "./list.tsx";
import { Rosters } from "./roster.tsx";
import { TripForm } from "./trip.tsx";
import { w } from "./words.ts";

function All() {
	const asked = useAsked<VehicleList>("/vehicles", 5000);
	const trips = useAsked<TripList>("/trips?limit=2000", 15_000);
	const rosters = useAsked<RosterList>("/rosters", 30_000);
	const ready = useAsked<Readiness>("/readiness", 60_000);
	const chances = useAsked<Chances>("/chances", 600_000);
	const aside = useAsked<TelematicsAsideList>("/telematics/aside?limit=50", 30_000);
	const [open, setOpen] = useState<TripView | "new" | undefined>(undefined);
	const list = asked.data?.vehicles;
	if (list === undefined) return <AnswerPage of={asked} name={say.pageVehicles}>{() => null}</AnswerPage>;
	const planned = trips.data?.trips ?? [];
	const again = () => {
		asked.again();
		trips.again();
		rosters.again();
	};
	return (
		<div class="page">
			<Heading said={asked.data} name={say.pageVehicles} />
			<VehicleTable list={list} readiness={ready} />
			{asked.error !== undefined && <Answer of={asked} />}
			{ready.error !== undefined && <Answer of={ready} />}
			{chances.error !== undefined && <Answer of={chances} />}
			{chances.data !== undefined && <p class="sub chances" title={w.chancesHow(chances.data.departures, chances.data.unknown)}>{w.chancesTold} {chances.data.sentence}</p>}
			<Axis vehicles={list.map((d) => d.vehicle)} asked={trips} onTrip={(t) => setOpen(t ?? "new")} />
			<Rosters asked={rosters} onChange={again} />
			<Import onDone={again} />
			<ChanceTable asked={chances} />
			<Aside asked={aside} />
			{open !== undefined && (
				<TripForm trip={open === "new" ? undefined : open} vehicle={list[0]?.vehicle.id ?? ""} taken={planned.map((t) => t.id)} onEnd={(isDone) => {
					setOpen(undefined);
					if (isDone) again();
				}} />
			)}
		</div>
	);
}

export function VehiclesPage({ id }: { id: string | undefined }) {
	if (!overview.value) return <Skeleton />;
	return id === undefined ? <All /> : <OneVehicle key={id} id={id} />;
}
