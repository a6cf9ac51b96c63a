/*
 * Table: columns that line up, for terminals and pipes alike. Widths count code points, colours
 * count nothing.
 */
#ifndef DEPOTCTL_TABLE_H
#define DEPOTCTL_TABLE_H

#include <stdbool.h>

#include "schemas/arena.h"
#include "schemas/text.h"
#include "schemas/wall.h"

#define TABLE_COLUMNS 12

enum colour { COLOUR_NONE, COLOUR_DIM, COLOUR_BOLD, COLOUR_GREEN, COLOUR_YELLOW, COLOUR_RED };

struct table;

/* `head` names the columns, separated by '|'; one that begins with '>' is set to the right. */
struct table *table_create(struct arena *a, const char *head, bool colour);

/* Adds a row, then its cells from the left; NULL and missing ones show as "-". */
void table_row(struct table *t);
void table_cell(struct table *t, const char *text);
void table_cell_colour(struct table *t, enum colour colour, const char *text);
void table_cellf(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

int table_rows(const struct table *t);
void table_print(const struct table *t, struct text *out);

/* -- values as cells --------------------------------------------------------------------------- */

/* "142 kW" from W; "-" if not `has`. */
const char *cell_power(struct arena *a, bool has, double w);
const char *cell_energy(struct arena *a, bool has, double wh);
const char *cell_percent(struct arena *a, bool has, double pct);
/* Times are told in this zone ("" or NULL: the machine's) and as seen from `now`. */
void cell_clock(const char *zone, wall_t now);

/* "05:30", "Thu 05:30" or "2026-03-11 05:30" by how far it is. */
const char *cell_time(struct arena *a, bool has, wall_t at);

/* Text in a colour, or plain. */
void put_colour(struct text *out, bool on, enum colour c, const char *text);

#endif
