/*
 * Token windows: the hours in which a token may charge, as a person writes them:
 * "05:00-22:00", "mon-fri 05:00-22:00", "sat,sun 22:00-06:00" (over midnight: of the day on which
 * it begins). Local time of the depot, which is the process's zone.
 */
#ifndef CSMS_TOKEN_WINDOW_H
#define CSMS_TOKEN_WINDOW_H

#include <stdbool.h>
#include "schemas/wall.h"

/* Is it one? */
bool token_window_is_sound(const char *text);

/* Does it hold at `now`? One that is not sound never holds. */
bool token_window_holds(const char *text, wall_t now);

#endif
