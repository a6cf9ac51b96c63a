# scheduler: pure arithmetic. Every other room above it may link all of SCHEDULER_SRC.
SCHEDULER_SRC := scheduler/grid.c scheduler/limits.c
