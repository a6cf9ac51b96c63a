/*
 * Seed: a store with stations that depotd knows, written through db/ as depotd itself writes it:
 * the journal's registrations, each with its password. The API would do the same, one by one.
 */
#ifndef BENCH_SEED_H
#define BENCH_SEED_H

#define SEED_FEEDERS 10

/* Makes the store in the folder `data` with stations 0 to count - 1, spread over nodes f0 to f9.
 * 0, or -1 with one line in `why`. */
int seed_store(const char *data, int count, const char *password, char why[300]);

#endif
