# db/: journal, projections, measurements, wire log. The only room that knows SQL.

DB_SRC := $(wildcard db/*.c)
DB_DEPS := $(DB_SRC) gen/event.c schemas/arena.c schemas/text.c schemas/utf8.c schemas/codec.c \
	schemas/wall.c
DB_LIBS := sqlite cjson ssl m pthread
