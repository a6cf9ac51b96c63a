/*
 * A value with its age: live ones look plain, old ones look old and say how old.
 */
import type { ComponentChildren } from "preact";
import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { duration } from "../lib/format.ts";
import { freshness, type Freshness, type Source } from "../lib/freshness.ts";
import { say } from "../messages/say.ts";
import { isLost, now, speed } from "../store/store.ts";

export function fresh(at: string | undefined, source: Source): Freshness {
	return freshness(at, now.value, source, speed.value, isLost.value);
}

/* True while the reading is old; its component is drawn again only when that turns. */
export function useIsOld(at: string | undefined, source: Source): boolean {
	const old = useMemo(() => computed(() => fresh(at, source).kind === "stale"), [at, source]);
	return old.value;
}

interface ReadingProps {
	at: string | undefined;
	source: Source;
	isAgeShown?: boolean; /* false where an age column stands in the same row */
	children: ComponentChildren;
}

export function Reading({ at, source, isAgeShown = true, children }: ReadingProps) {
	const f = fresh(at, source);
	if (f.kind !== "stale") return <span class="v">{children}</span>;
	return (
		<span class="v stale">
			{children}
			{isAgeShown && <>, {say.old(duration(f.ageS))}</>}
		</span>
	);
}

export function Age({ at, source }: { at: string | undefined; source: Source }) {
	const f = fresh(at, source);
	if (f.kind === "unknown") return <span class="age">{say.never}</span>;
	return <span class={f.kind === "stale" ? "age stale" : "age"}>{duration(f.ageS)}<span class="card-only">{say.oldSuffix}</span></span>;
}

export function Unit({ children }: { children: string }) {
	return <span class="u">{"\u202f" + children}</span>;
}
