/*
 * Arena: memory that lives as long as one message.
 *
 * All that a message needs is taken from one arena and freed in one call. An arena belongs to one
 * thread at a time; it may be handed to another thread as a whole.
 */
#ifndef SCHEMAS_ARENA_H
#define SCHEMAS_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

/* Creates an empty arena. `limit` caps the bytes it may ever hold (0: no cap). NULL: no memory. */
struct arena *arena_create(size_t limit);

/* `size` zeroed bytes, aligned for any type; NULL when the cap is reached or memory is out. */
void *arena_alloc(struct arena *a, size_t size);

/* A NUL-terminated copy of `len` bytes, or NULL. */
char *arena_strndup(struct arena *a, const char *s, size_t len);

/* A NUL-terminated copy of `s`, or NULL. */
char *arena_strdup(struct arena *a, const char *s);

/* printf into the arena; NULL when out of memory. */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Bytes handed out so far. */
size_t arena_used(const struct arena *a);

/* Forgets all that was allocated but keeps the first block for reuse. */
void arena_reset(struct arena *a);

/* Frees the arena and all that it holds. NULL is fine. */
void arena_destroy(struct arena *a);

#endif
