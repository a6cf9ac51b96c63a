/*
 * Obey: does a charging place do what it was told? Compares commands with measurements and learns
 * what the charger is like: how long it needs, where it stays below its limit, which limits it
 * ignores, in which steps it moves. One that draws more than it was told after its reaction time
 * counts as load that nobody controls, at the greatest power seen, until it has obeyed for a while;
 * each relapse doubles that while.
 *
 * A plain struct for each EVSE, no memory of its own, one thread. now_ms is any clock that never
 * goes back.
 */
#ifndef SCHEDULER_OBEY_H
#define SCHEDULER_OBEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OBEY_SAMPLES 32
#define OBEY_UNKNOWN (-1)

struct obey_config {
	int64_t default_ms; /* reaction time of a charger that nobody knows */
	int64_t least_ms, most_ms; /* bounds of what is learned */
	int32_t tolerance_w; /* above its command by more than this … */
	int tolerance_pm; /* … and by more than this per mille: disobeyed */
	int64_t trust_ms; /* must obey for so long to be trusted again */
};

struct obey_in {
	int64_t now_ms;
	int32_t commanded_w; /* in force; OBEY_UNKNOWN: not known */
	int32_t measured_w; /* OBEY_UNKNOWN: not known */
	int64_t measured_ms; /* when, by the clock of now_ms */
	bool connected; /* a vehicle is plugged in */
	bool is_lost; /* commands or readings do not get through: how long it needs cannot be seen */
};

/* What the charger has shown. Times and powers 0: not seen. */
struct obey_learned {
	int16_t samples; /* lowerings that were seen to take effect */
	int32_t reaction_ms[OBEY_SAMPLES]; /* the newest of them */
	int16_t floor_hits, floor_kept; /* limits ignored below, kept above floor_w */
	int32_t floor_w; /* draws this when told less */
	int16_t pause_hits; /* told 0 and drew on */
	int16_t starve_hits;
	int32_t starve_w; /* greatest limit at which it took nothing, though it charged before */
	int32_t least_w; /* least power that it was seen to take */
	int32_t dead_w; /* greatest change of its limit that changed nothing */
	int32_t step_w; /* least change of its power */
	int16_t follows; /* settled settings that count in short_pm */
	int32_t short_pm; /* stays below its limit by this per mille, on the mean */
};

struct obey {
	struct obey_learned learned;
	bool started, disobeys;
	int32_t commanded_w;
	int32_t anchor_w; /* commands about this are one and the same */
	int64_t anchor_ms; /* … in force since */
	int32_t recent_w[2]; /* greatest command in this and the previous reaction time */
	int64_t recent_ms; /* when this one began */
	bool awaits; /* lowered below what it drew: not there yet */
	int32_t measured_w;
	int64_t measured_ms;
	int64_t offended_ms; /* measured above its commands last */
	int offences; /* relapses so far; doubles the time to be trusted again */
	int32_t seen_w; /* greatest power while it disobeyed */
	int32_t settled_told_w, settled_w; /* the settled setting before this one; told -1: none */
	bool is_settled; /* the present command has been learned from */
	int16_t sorted_for; /* samples that sorted_ms is of */
	int32_t sorted_ms[2]; /* 95th percentile and greatest of them */
};

struct obey_config obey_config_default(void);
void obey_init(struct obey *o);

/* One step, in each cycle. True: it began to disobey, or is trusted again. */
bool obey_step(const struct obey_config *cfg, struct obey *o, const struct obey_in *in);

/* What it counts at least for, whatever it is told; 0 while it obeys. */
int32_t obey_uncontrolled_w(const struct obey *o);

/* In how long it follows: the 95th percentile of what was seen, within the bounds; with few
 * samples no less than the default. */
int64_t obey_reaction_ms(const struct obey_config *cfg, const struct obey *o);
/* The same of the samples alone, 0: there are none. */
int64_t obey_percentile_ms(const struct obey *o, int percent);

/* Its quirks as sentences for a person ("ignores limits below 8 A (5520 W); needs 23 s"), "" none.
 * Currents by phases and volts; volts 0: watts only. Returns how many there are. */
int obey_words(const struct obey_config *cfg, const struct obey *o, int phases, int volts,
	char *text, size_t size);

#endif
