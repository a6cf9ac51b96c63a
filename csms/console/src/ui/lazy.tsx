/*
 * Pages that few need at first are files of their own, fetched when they are first opened.
 */
import type { ComponentChildren, FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { say } from "../messages/say.ts";
import { Skeleton } from "./skeleton.tsx";

type PageProps = { id: string | undefined };

/* After an update of depotd the file may be gone under an old page: only a new load helps. */
function Gone(): ComponentChildren {
	return (
		<div class="page">
			<div class="say"><h1>{say.pageGone}</h1><p class="sub">{say.pageGoneWhy}</p></div>
			<p><button type="button" class="btn pri" onClick={() => location.reload()}>{say.loadAnew}</button></p>
		</div>
	);
}

/* `isQuiet`: nothing stands in its place until it is there. */
export function lazy(load: () => Promise<FunctionComponent<PageProps>>, isQuiet = false): FunctionComponent<PageProps> {
	let found: FunctionComponent<PageProps> | undefined;
	return function Lazy(props: PageProps) {
		const [, redraw] = useState(0);
		const [isGone, setGone] = useState(false);
		useEffect(() => {
			if (found) return;
			load().then((page) => {
				found = page;
				redraw((n) => n + 1);
			}, () => setGone(true));
		}, []);
		const Page = found;
		if (Page) return <Page {...props} />;
		return isGone ? <Gone /> : isQuiet ? null : <Skeleton />;
	};
}
