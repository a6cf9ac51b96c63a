# scheduler: pure arithmetic. Rooms above it may link all of SCHEDULER_SRC; it needs libm only.
GUARD := guard.c guard_observe.c guard_seen.c guard_lower.c guard_raise.c guard_balance.c guard_turns.c
PHASES := phase_plan.c phase_plan_fit.c phase_plan_load.c phase_plan_dual.c phase_plan_bound.c \
	phase_plan_solve.c phase_plan_price.c phase_plan_check.c
PLAN := plan.c plan_car.c plan_room.c plan_early.c plan_problem.c plan_flow.c plan_phases.c plan_settle.c plan_again.c plan_turns.c plan_calm.c plan_keep.c plan_before.c plan_cost.c plan_why.c plan_caps.c plan_check.c
TARIFF := calendar.c tariff.c tariff_price.c bill.c bill_demand.c
FLOW := flow.c flow_unload.c flow_shared.c flow_search.c flow_push.c flow_solve.c flow_proof.c \
	flow_check.c flow_peak.c flow_smooth.c flow_calm.c flow_floor.c
SCHEDULER_SRC := $(addprefix scheduler/,grid.c limits.c tails.c battery.c $(PLAN) $(GUARD) profile.c \
	profile_order.c composite.c phases.c \
	demand.c ramp.c obey.c stale.c island.c envelope.c wiring.c wiring_group.c rule.c consumption.c readiness.c readiness_act.c calibration.c $(FLOW) \
	flow_taper.c open_interval.c $(PHASES) $(TARIFF))

$(eval $(call unit,grid_tree,scheduler/grid.c scheduler/limits.c,))
$(eval $(call unit,tails_proof,scheduler/grid.c scheduler/limits.c scheduler/tails.c,))
$(eval $(call unit,grid_phases,$(addprefix scheduler/,grid.c limits.c tails.c phases.c),))
$(eval $(call unit,guard_phases,$(addprefix scheduler/,grid.c limits.c $(GUARD)),))
$(eval $(call unit,battery_taper,scheduler/battery.c,))
$(eval $(call unit,plan_solve,$(addprefix scheduler/,grid.c limits.c battery.c $(PLAN) $(FLOW) $(PHASES) flow_taper.c),))
$(eval $(call unit,plan_again,$(addprefix scheduler/,grid.c limits.c battery.c $(PLAN) $(FLOW) $(PHASES) flow_taper.c),))
$(eval $(call unit,plan_cost,$(addprefix scheduler/,grid.c limits.c battery.c $(PLAN) $(FLOW) $(PHASES) flow_taper.c),))
$(eval $(call unit,plan_keep,$(addprefix scheduler/,grid.c limits.c battery.c $(PLAN) $(FLOW) $(PHASES) flow_taper.c),))
$(eval $(call unit,plan_phases,$(addprefix scheduler/,grid.c limits.c battery.c $(PLAN) $(FLOW) $(PHASES) flow_taper.c),))
$(eval $(call unit,open_interval,$(addprefix scheduler/,open_interval.c grid.c limits.c battery.c $(PLAN) $(FLOW) $(PHASES) flow_taper.c),))
$(eval $(call unit,guard_slow,$(addprefix scheduler/,grid.c limits.c $(GUARD)),))
$(eval $(call unit,guard_rest,$(addprefix scheduler/,grid.c limits.c $(GUARD)),))
$(eval $(call unit,guard_cycle,$(addprefix scheduler/,grid.c limits.c $(GUARD)),))

# Batteries that give back. Its inner loops want the compiler's best.
STORAGE := $(addprefix storage,.c _build.c _sweep.c _site.c _dense.c _settle.c _check.c)
SCHEDULER_SRC += $(addprefix scheduler/,$(STORAGE) wear.c flexible.c)
$(eval $(call unit,storage_plan,$(addprefix scheduler/,$(STORAGE) $(FLOW)) \
	tests/unit/storage_depots.c tests/unit/flow_depots.c,m))
$(eval $(call unit,wear,scheduler/wear.c,m))
$(eval $(call unit,flexible,$(addprefix scheduler/,flexible.c grid.c limits.c battery.c $(PLAN) \
	$(FLOW) $(PHASES) flow_taper.c),m))
$(BUILD)/obj/scheduler/storage_dense.o: CFLAGS += -O3 -ffp-contract=fast

# No multiply-add, so that every processor rounds alike.
$(BUILD)/obj/scheduler/phase_plan_dual.o: CFLAGS += -ffp-contract=off
$(eval $(call unit,phase_plan,$(addprefix scheduler/,$(FLOW) $(PHASES)) \
	tests/unit/phase_depots.c,))

$(eval $(call unit,flow_solve,$(addprefix scheduler/,$(FLOW)) tests/unit/flow_depots.c,))
$(eval $(call unit,flow_peak,$(addprefix scheduler/,$(FLOW)) tests/unit/flow_depots.c,))
$(eval $(call unit,flow_smooth,$(addprefix scheduler/,$(FLOW)) tests/unit/flow_depots.c,))
$(eval $(call unit,flow_floor,$(addprefix scheduler/,$(FLOW)) tests/unit/flow_depots.c,))
$(eval $(call unit,flow_taper,$(addprefix scheduler/,$(FLOW) flow_taper.c battery.c) \
	tests/unit/flow_depots.c,))
# CLP is only for this; where it is not installed the test is left out.
ifneq ($(LIB.clp),)
$(eval $(call unit,flow_oracle,$(addprefix scheduler/,$(FLOW)) tests/unit/flow_depots.c \
	tests/unit/lp.c,clp m))
$(eval $(call unit,storage_oracle,$(addprefix scheduler/,$(STORAGE)) \
	tests/unit/storage_depots.c tests/unit/flow_depots.c $(addprefix scheduler/,$(FLOW)) \
	tests/unit/lp.c,clp m))
endif
$(eval $(call unit,profile_periods,scheduler/profile.c,))
$(eval $(call unit,profile_order,scheduler/grid.c scheduler/profile_order.c,))
$(eval $(call unit,profile_composite,scheduler/composite.c,))
$(eval $(call unit,rule_share,scheduler/rule.c scheduler/grid.c,))
$(eval $(call unit,demand_window,scheduler/demand.c,))
$(eval $(call unit,ramp_return,scheduler/ramp.c scheduler/grid.c,))
$(eval $(call unit,obey_charger,scheduler/obey.c,))
$(eval $(call unit,stale_tier,scheduler/stale.c,))
$(eval $(call unit,consumption_model,scheduler/consumption.c,m))
$(eval $(call unit,readiness_sim,$(addprefix scheduler/,readiness.c readiness_act.c grid.c limits.c battery.c $(PLAN) $(FLOW) $(PHASES) flow_taper.c),m))
$(eval $(call unit,calibration,scheduler/calibration.c,m))
$(eval $(call unit,island_mode,scheduler/island.c,))
$(eval $(call unit,envelope_life,scheduler/envelope.c,))
$(eval $(call unit,wiring,scheduler/wiring.c scheduler/wiring_group.c,m))
