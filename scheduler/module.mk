# scheduler: pure arithmetic. Rooms above it may link all of SCHEDULER_SRC; it needs no library.
SCHEDULER_SRC := scheduler/grid.c scheduler/limits.c scheduler/tails.c scheduler/battery.c

$(eval $(call unit,grid_tree,scheduler/grid.c scheduler/limits.c,))
$(eval $(call unit,tails_proof,scheduler/grid.c scheduler/tails.c,))
$(eval $(call unit,battery_taper,scheduler/battery.c,))
