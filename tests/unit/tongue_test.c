/* depotd's sentences in other languages: the catalogue is whole, and knows what depotd says. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "csms/alarms.h"
#include "csms/net/limit.h"
#include "csms/money/price_series.h"
#include "csms/view/tongue.h"
#include "csms/words.h"
#include "csms/view/words_chargers.h"
#include "csms/view/words_people.h"
#include "csms/view/words_power.h"
#include "csms/view/words_session.h"
#include "csms/view/words_setup.h"
#include "csms/view/words_vehicles.h"
#include "csms/view/words_whatif.h"
#include "scheduler/grid.h"

static struct text out, said;
static wall_t now;

static void setup(void)
{
	setenv("TZ", "Europe/Amsterdam", 1);
	tzset();
	ck_assert(wall_parse("2026-03-11T21:40:00Z", 20, &now));
	text_init(&out, 0);
	text_init(&said, 0);
}

static void teardown(void)
{
	text_finish(&out);
	text_finish(&said);
}

static bool german(const char *english)
{
	text_clear(&out);
	return tongue_say(TONGUE_DE, english, strlen(english), &out);
}

#define IS(english, words)                                                                         \
	do {                                                                                       \
		ck_assert_msg(german(english), "not whole: %s -> %s", english, out.data);          \
		ck_assert_str_eq(out.data, words);                                                 \
	} while (0)

/* What a words_… function put into `said` is known whole. */
static void ck_known(void)
{
	ck_assert_msg(german(said.data), "no form for: %s", said.data);
	ck_assert_str_ne(out.data, said.data);
	text_clear(&said);
}

START_TEST(users_audit_and_wire_log)
{
	for (int i = 0; i < 27; i++) {
		struct words_people p = {.may = i % 3, .disabled = i / 3 % 3, .bare = i / 9};
		struct words_audit a = {.lines = i % 3 * (1 + i / 3 % 2),
			.refused = i / 9,
			.is_newest = i % 2 == 1,
			.head = i % 2,
			.head_at = now};
		struct words_wire w = {.requests = i % 4,
			.wrong = i / 9,
			.waiting = i % 3,
			.is_newest = i % 2 == 1};

		words_people_sentence(&said, &p);
		ck_known();
		words_people_sub(&said, &p);
		ck_known();
		words_audit_sentence(&said, &a);
		ck_known();
		words_audit_sub(&said, &a, now);
		ck_known();
		words_wire_sentence(&said, &w);
		ck_known();
		words_wire_sub(&said, &w);
		ck_known();
	}
}
END_TEST

static void ck_energy(int i)
{
	static const char *const sources[] = {"rating", "envelope", "fallback envelope",
		"demand window", "phase", "stale data", "operator", "power return", "guard"};
	struct words_energy n = {.is_known = i % 5 != 0,
		.site_w = i % 3 * 70000 - 9000,
		.has_limit = i % 4 != 0,
		.limit_w = 212000,
		.limit_source = sources[i % 9],
		.island = i % 7 == 0 ? "Grid connection" : NULL,
		.island_w = 30000,
		.island_vans = i % 3,
		.waiting = i % 3,
		.held = {.node = i % 2 ? "Hall A" : NULL,
			.channel = i % 6 < 2   ? NULL
				   : i % 6 < 4 ? "imbalance"
					       : "L2",
			.vans = i / 6 % 3,
			.van = i % 5 ? "VAN 05" : NULL,
			.gets_w = i / 9 % 2 * 8000,
			.could_w = 11000}};

	words_energy_sentence(&said, &n);
	ck_known();
	words_energy_sub(&said, &n);
	ck_known();
}

static void ck_meters(int i)
{
	struct words_meters n = {.next = NULL};
	enum words_meter kind = (enum words_meter)(i % WORDS_METER_KINDS);

	for (int k = 0; k < WORDS_METER_KINDS; k++) {
		n.count[k] = k < (int)kind ? 0 : (i / 7 + k) % 3;
		n.name[k] = "Hall meter";
		n.meters += n.count[k];
	}
	words_meters_sentence(&said, &n);
	ck_known();
	words_meters_sub(&said, &n);
	ck_known();
	words_meter_sentence(&said, "Hall meter", kind);
	ck_known();
}

START_TEST(power_meters_and_alarms)
{
	IS("VAN 01 gets 21.1 of 22.0 kW. The site may take 100 kW: that is its rating.",
		"VAN 01 bekommt 21,1 von 22,0 kW. Der Standort darf 100 kW ziehen: das ist sein "
		"Nennwert.");
	IS("0.0 of 4.7 kW: was switched off soon after it began: rests until 21:04",
		"0,0 von 4,7 kW: wurde bald nach dem Beginn abgeschaltet: ruht bis 21:04");
	IS("as planned before the tree changed", "wie geplant, bevor sich der Baum änderte");
	IS("167 kW now. Hall A (imbalance) holds back 2 vans.",
		"167 kW jetzt. Hall A (Schieflast) bremst 2 Fahrzeuge.");
	IS("Roof meter answers, but has not the registers of its map. 2 more need a look.",
		"Roof meter antwortet, hat aber die Register seiner Karte nicht. 2 weitere sind "
		"anzusehen.");
	IS("The grid is gone: stores and PV give 8.0 kW, and 20 vans wait for more.",
		"Das Netz ist weg: Speicher und PV geben 8,0 kW, und 20 Fahrzeuge warten auf mehr.");
	IS("A plan that changes 5 vehicles at feeder-b waits for a yes or no until 21:49; then the "
	   "plan that was approved last counts.",
		"Ein Plan, der an feeder-b 5 Fahrzeuge ändert, wartet bis 21:49 auf ein Ja oder "
		"Nein; dann gilt der zuletzt freigegebene Plan.");
	for (int i = 0; i < 500; i++) {
		struct words_alarms a = {.active = i % 4,
			.urgent = i % 4 * (i / 4 % 2),
			.taken = i % 4 > 0 ? i / 8 % (i % 4 + 1) : 0,
			.aside = i % 3};

		ck_energy(i);
		ck_meters(i);
		words_alarms_sentence(&said, &a);
		ck_known();
		words_alarms_sub(&said, &a);
		ck_known();
	}
}
END_TEST

START_TEST(sentences_come_over_with_their_names_times_and_numbers)
{
	IS("1 van will miss its departure. 2 more are at risk.",
		"1 Fahrzeug verpasst seine Abfahrt. 2 weitere sind gefährdet.");
	IS("VAN 16 leaves at Thu 05:30. Bay CP-B3/1 has a fault. Move the van to another bay.",
		"VAN 16 fährt um Do 05:30 ab. Ladepunkt CP-B3/1 ist gestört. Stellen Sie das Fahrzeug "
		"an einen anderen Ladepunkt.");
	IS("The site draws 9.4 of 250\xe2\x80\xafkW.",
		"Das Depot zieht 9,4 von 250\xe2\x80\xafkW.");
	IS("St. Pauli 3 is silent since 21:59.", "St. Pauli 3 ist seit 21:59 stumm.");
	IS("CP-B3: EVSE 1 has a fault, EVSE 2 and 3 charge.",
		"CP-B3: Ladepunkt 1 ist gestört, Ladepunkte 2 und 3 laden.");
	IS("its turn comes at 02:15: until then L2 of site is full (rating)",
		"es ist um 02:15 an der Reihe: bis dahin L2 von site ist voll (Nennwert)");
	IS("Its charge is not known; with 10\xe2\x80\xaf% 33.0\xe2\x80\xafkWh may be missing. Tell "
	   "its state of charge, or connect its telematics.",
		"Sein Ladestand ist nicht bekannt; mit 10\xe2\x80\xaf% werden vielleicht "
		"33,0\xe2\x80\xafkWh fehlen. Geben Sie seinen Ladestand an, oder verbinden Sie "
		"seine Telematik.");
	IS("63 % counts from now on.", "63 % zählen von jetzt an.");
	IS("Kept as history: newer is 63 % of 18:05 (told by anna).",
		"Als Verlauf behalten: neuer ist 63 % von 18:05 (angegeben von anna).");
	IS("Kept as history: newer is 63 % of 18:05 (charger).",
		"Als Verlauf behalten: neuer ist 63 % von 18:05 (Ladestation).");
	IS("the vehicle takes no more", "das Fahrzeug nimmt nicht mehr auf");
	IS("8.0 of 11.0 kW: rating L2 of hall-a", "8,0 von 11,0 kW: Nennwert L2 von hall-a");
	IS("27.2\xe2\x80\xafkWh will be missing: its charger gives no more.",
		"27,2\xe2\x80\xafkWh werden fehlen: seine Ladestation gibt nicht mehr her.");
	IS("27.2\xe2\x80\xafkWh will be missing: held back by hall-a (rating).",
		"27,2\xe2\x80\xafkWh werden fehlen: gebremst durch hall-a (Nennwert).");
	IS("12.4\xe2\x80\xafkWh will be missing: 10.0 by site (envelope), 2.4 by the battery.",
		"12,4\xe2\x80\xafkWh werden fehlen: 10,0 durch site (Vorgabe), 2,4 durch Batterie.");
	IS("12.4 kWh short: 10.0 by site (envelope), 2.4 by the battery",
		"12,4 kWh fehlen: 10,0 durch site (Vorgabe), 2,4 durch Batterie");
}
END_TEST

START_TEST(what_has_no_form_stays_english_sentence_by_sentence)
{
	ck_assert(!german("A dragon sat down. 2 vans are at risk."));
	ck_assert_str_eq(out.data, "A dragon sat down. 2 Fahrzeuge sind gefährdet.");
	ck_assert(!german("<b>x</b>"));
	ck_assert_str_eq(out.data, "<b>x</b>");
	ck_assert(tongue_say(TONGUE_EN, "2 vans are at risk.", 19, &said));
	ck_assert_str_eq(said.data, "2 vans are at risk.");
}
END_TEST

START_TEST(a_long_and_hostile_text_takes_bounded_time)
{
	char *text = malloc(1 << 20);

	memset(text, '1', 1 << 20);
	for (int i = 1; i < (1 << 20) - 1; i += 2)
		text[i] = i % 3 ? '.' : ' ';
	text[(1 << 20) - 1] = '\0';
	ck_assert(!german(text));
	text[1900] = '\0';
	ck_assert(!german(text));
	ck_assert_str_eq(out.data, text);
	free(text);
}
END_TEST

static int count(const char *s, const char *piece)
{
	int n = 0;

	for (const char *p = s; (p = strstr(p, piece)) != NULL; p++)
		n++;
	return n;
}

START_TEST(every_form_stands_in_both_languages_with_the_same_pieces)
{
	const struct tongue_form *f;

	for (size_t i = 0; (f = tongue_form_at(i)) != NULL; i++) {
		ck_assert_msg(f->en[0] && f->de[0], "form %zu is empty", i);
		for (char n = '1'; n <= '9'; n++) {
			char piece[3] = {'{', n, '\0'};

			ck_assert_msg(count(f->en, piece) <= 1, "twice: %s", f->en);
			ck_assert_msg(count(f->en, piece) == count(f->de, piece),
				"other pieces: %s | %s", f->en, f->de);
		}
		for (size_t k = 0; k < i; k++)
			ck_assert_msg(
				strcmp(f->en, tongue_form_at(k)->en) != 0, "twice: %s", f->en);
	}
}
END_TEST

/* Every night that there is, in small numbers. */
START_TEST(all_headlines_are_known)
{
	static const int few[] = {0, 1, 3};

	for (int i = 0; i < 729; i++) {
		struct words_night n = {.vans = i ? 9 : 0,
			.will_miss = few[i % 3],
			.at_risk = few[i / 3 % 3],
			.on_track = few[i / 9 % 3],
			.ready = few[i / 27 % 3],
			.away = few[i / 81 % 3],
			.unknown = few[i / 243 % 3],
			.evses = i ? 1 + i % 4 : 0,
			.charging = i % 2,
			.silent = i % 3,
			.faulted = i % 4,
			.site_w = i % 5 ? 9400 : INT64_MIN,
			.limit_w = i % 7 ? 250000 : INT64_MIN,
			.is_assumed = i % 11 == 0,
			.first = wall_add_ms(now, 8 * 3600000)};

		if (i % 2) {
			n.worst = "VAN 16";
			n.worst_leaves = i % 4 == 1 ? now : (wall_t){0};
		}
		words_sentence(&said, &n, now);
		ck_known();
		words_sub(&said, &n, now);
		ck_known();
	}
}
END_TEST

START_TEST(all_words_of_chargers_are_known)
{
	static const char *const states[] = {"faulted", "charging", "paused", "card", "plugged",
		"done", "reserved", "unavailable", "free", "unknown"};

	for (int i = 0; i < 10 * 10 * 7; i++) {
		const char *of[8];
		struct words_charger c = {"CP-7", true, false, false, now, now, i % 7 + 1, of};
		struct words_chargers all = {.chargers = i % 9,
			.silent = i % 3,
			.pending = i % 2,
			.rejected = i % 4,
			.evses = 1 + i % 3,
			.charging = i % 3,
			.free = i % 5,
			.faulted = i % 3,
			.silent_name = "CP-1",
			.silent_since = i % 2 ? now : (wall_t){0},
			.faulted_name = "CP-3 EVSE 2"};

		for (int k = 0; k < 8; k++)
			of[k] = states[(k % 2 ? i : i / 10) % 10];
		words_charger_sentence(&said, &c);
		ck_known();
		words_chargers_sentence(&said, &all, now);
		ck_known();
		words_chargers_sub(&said, &all);
		ck_known();
	}
}
END_TEST

START_TEST(all_words_of_vehicles_are_known)
{
	for (int i = 0; i < 720; i++) {
		struct words_vehicle v = {.name = "VAN 7",
			.place = i % 2 ? "CP-7/1" : NULL,
			.leaves =
				i % 3 ? wall_add_ms(now, i % 4 ? 3600000 : -3600000) : (wall_t){0},
			.now = now,
			.is_possible = i % 5 != 0,
			.target_pct = 80};
		struct words_vehicles n = {.vehicles = i % 4,
			.here = i % 3,
			.will_miss = i / 3 % 3,
			.will_miss_name = "VAN 1",
			.at_risk = i / 9 % 3,
			.at_risk_name = "VAN 2",
			.impossible = i / 27 % 3,
			.impossible_name = "VAN 3",
			.broken_rosters = i % 3,
			.roster_name = "early",
			.first_name = i % 2 ? "VAN 4" : NULL,
			.first_at = now,
			.trips = i % 3,
			.without_trip = i % 4,
			.unknown = i % 3,
			.aside = i % 5};

		words_vehicle_sentence(&said, &v);
		ck_known();
		words_vehicles_sentence(&said, &n, now);
		ck_known();
		words_vehicles_sub(&said, &n);
		ck_known();
	}
}
END_TEST

START_TEST(all_words_of_sessions_are_known)
{
	for (int i = 0; i < 256; i++) {
		struct words_sessions all = {.sessions = i % 3,
			.open = i / 3 % 3,
			.aside = i / 9 % 3,
			.wh = 4200,
			.is_cut = i % 3 == 2};
		struct words_session one = {.who = i % 2 ? "VAN 05" : NULL,
			.place = "CP-A3/1",
			.is_open = i & 2,
			.has_wh = i & 4,
			.has_cost = i & 8,
			.has_expected = i & 16,
			.wh = 12400,
			.started = i & 32 ? now : (wall_t){0},
			.ended = i & 64 ? now : (wall_t){0},
			.now = now,
			.cost = 3.92,
			.expected = 4.1,
			.currency = "EUR",
			.aside = i & 128 ? "its register fell back" : NULL,
			.missing = i % 5 ? "3-5" : NULL,
			.ended_by = i % 7 ? "EVDisconnected" : NULL};

		words_sessions_sentence(&said, &all);
		ck_known();
		words_sessions_sub(&said, &all);
		ck_known();
		words_session_sentence(&said, &one);
		ck_known();
		words_session_sub(&said, &one);
		ck_known();
	}
	IS("It cost 3.92 EUR, expected was 4.10 EUR.",
		"Er kostete 3,92 EUR, erwartet waren 4,10 EUR.");
}
END_TEST

START_TEST(all_words_of_what_if_are_known)
{
	for (int i = 0; i < 3 * 3 * 3 * 3; i++) {
		int a = i % 3, b = i / 3 % 3, c = i / 9 % 3, d = i / 27;
		struct words_whatif w = {.nights = a + 1,
			.unpriced = b,
			.unproven = c,
			.currency = "EUR",
			.saved = (d - 1) * 12.5,
			.peak_saved = (b - 1) * 3.25,
			.gap = c * 6.5,
			.is_tonight = a == 0 && c,
			.short_wh = d * 1000,
			.short_less_wh = (d - a) * 500,
			.binding = b};

		words_whatif_sentence(&said, &w);
		ck_known();
		words_whatif_limits(&said, &w);
		if (said.len)
			ck_known();
	}
	words_session_ruled(&said, 3600000, 3600000, NULL);
	ck_known();
	words_session_ruled(&said, 3600000, 9600000,
		"earliest departure first: the plan is only shown here (shadow)");
	ck_known();
	words_session_ruled(
		&said, 3600000, 3600000, "earliest departure first: no plan came in time");
	ck_known();
}
END_TEST

START_TEST(all_words_of_what_a_depot_rests_on_are_known)
{
	for (int i = 0; i < 3 * 3 * 3 * 3; i++) {
		int a = i % 3, b = i / 3 % 3, c = i / 9 % 3, d = i / 27;
		struct words_tariffs t = {.in_force = a ? "Night 2026" : NULL,
			.next = b ? "Night 2027" : NULL,
			.next_day = "2027-01-01",
			.series = c,
			.missing = c ? d : 0,
			.failing = d ? NULL : "EPEX",
			.has_unseen_peak = a && d,
			.first = {.name = "EPEX",
				.until = {b ? now.ms + 3600000 : 0},
				.now = now,
				.after = price_source_words(PRICE_YESTERDAY + d)}};
		struct words_slots w = {.has_tariff = a,
			.needs_series = b,
			.slots = 24,
			.told = c ? 24 : 3,
			.unknown = c       ? 0
				   : d > 1 ? 24
					   : d,
			.from = now,
			.now = now,
			.by = price_source_words(PRICE_YESTERDAY + d)};
		struct words_certificates k = {.all = i,
			.over = a,
			.due = b,
			.failed = c,
			.worst = "CP-1",
			.first = "CP-2",
			.first_days = d,
			.is_rollover = a,
			.ready = 1,
			.needed = 2};
		struct words_peers p = {.peers = a + b,
			.registered = a,
			.silent = a && d ? 1 : 0,
			.silent_name = "Stedin",
			.open_name = "Liander",
			.forecasts = c,
			.waiting = d};

		words_slots_sentence(&said, &w);
		ck_known();
		words_tariffs_sentence(&said, &t);
		ck_known();
		words_tariffs_sub(&said, &t);
		if (said.len)
			ck_known();
		words_certificates_sentence(&said, &k);
		ck_known();
		words_certificates_sub(&said, &k);
		ck_known();
		words_peers_sentence(&said, &p);
		ck_known();
		words_peers_sub(&said, &p);
		ck_known();
		words_settings_sentence(&said, a);
		ck_known();
		words_settings_sub(&said, a);
		ck_known();
	}
}
END_TEST

START_TEST(every_step_of_an_alarm_is_known)
{
	for (int k = 0; k < ALARM_KIND_COUNT; k++) {
		char steps[2000];

		ck_assert_msg(german(alarm_table[k].step), "no form for: %s", alarm_table[k].step);
		snprintf(steps, sizeof steps, "%s", alarm_table[k].runbook);
		for (char *line = strtok(steps, "\n"); line; line = strtok(NULL, "\n"))
			ck_assert_msg(german(line), "no form for: %s", line);
	}
}
END_TEST

START_TEST(what_a_limit_says_is_known)
{
	for (int i = LIMIT_NONE + 1; i < LIMIT_COUNT; i++)
		if (i != LIMIT_IDLE) /* is told to nobody */
			ck_assert_msg(
				german(limit_rows[i].why), "no form for: %s", limit_rows[i].why);
}
END_TEST

/* As csms/power/belief.c makes sentences of meter_note(). */
START_TEST(what_is_odd_of_a_meter_is_known)
{
	IS("Meter site of site: Its energy registers counted 1.85 times what its power adds up to: "
	   "wrong scale, ratio or register map. It counts as its worst case. Charging lacks 101.8 "
	   "kW by that.",
		"Zähler site von site: Seine Energieregister zählten das 1,85-Fache dessen, was seine "
		"Leistung ergibt: falscher Faktor, falsches Verhältnis oder falsche Registerkarte. "
		"Er zählt mit seinem schlimmsten Fall. Dem Laden fehlen dadurch 101,8 kW.");
	ck_assert(german("Its energy registers counted 2 times what its power adds up to, which is "
			 "believed, and they are not: wrong scale, ratio or register map."));
	ck_assert(
		german("Its energy registers count the other way round than its power: wrong sign "
		       "or register map."));
	ck_assert(
		german("Its power is not believed: nothing that it shows has changed for 12 min."));
	ck_assert(german("Its power is not believed: no depot carries so much."));
	ck_assert(german("Its import register is not believed."));
}
END_TEST

START_TEST(why_a_battery_is_not_told_is_known)
{
	static const char english[] = "{\"batteries\":[{\"now_w\":5,\"note\":\"the grid is gone\"},"
				      "{\"told_at\":\"x\",\"note\":\"it is told 2.0 kW and does "
				      "3.1 kW\"}]}";

	text_clear(&out);
	tongue_json(TONGUE_DE, english, strlen(english), &out);
	ck_assert_str_eq(out.data, "{\"batteries\":[{\"now_w\":5,\"note\":\"das Netz ist weg\"},"
				   "{\"told_at\":\"x\",\"note\":\"sie soll 2,0 kW und tut 3,1 "
				   "kW\"}]}");
}
END_TEST

START_TEST(every_source_of_a_limit_is_known)
{
	for (int s = 0; s < GRID_SOURCE_COUNT; s++)
		ck_assert_msg(german(grid_source_name((enum grid_source)s)), "no form for: %s",
			grid_source_name((enum grid_source)s));
}
END_TEST

START_TEST(the_language_is_the_first_that_depotd_speaks)
{
	ck_assert_int_eq(tongue_of(NULL), TONGUE_EN);
	ck_assert_int_eq(tongue_of("de-AT,de;q=0.9,en;q=0.8"), TONGUE_DE);
	ck_assert_int_eq(tongue_of("nl, en-GB;q=0.7, de;q=0.3"), TONGUE_EN);
	ck_assert_int_eq(tongue_of("DE"), TONGUE_DE);
	ck_assert_int_eq(tongue_of("deu"), TONGUE_EN);
	ck_assert_int_eq(tongue_of(",,;q=,d"), TONGUE_EN);
}
END_TEST

static const char *json(const char *english)
{
	text_clear(&out);
	tongue_json(TONGUE_DE, english, strlen(english), &out);
	return out.data;
}

START_TEST(of_an_answer_the_sentences_alone)
{
	ck_assert_str_eq(
		json("{\"sentence\":\"2 vans are at risk.\",\"name\":\"2 vans are at risk.\"}"),
		"{\"sentence\":\"2 Fahrzeuge sind gefährdet.\",\"name\":\"2 vans are at risk.\"}");
	ck_assert_str_eq(json("{\"sentences\":[\"as planned\",\"x\"],\"id\":\"as planned\"}"),
		"{\"sentences\":[\"nach Plan\",\"x\"],\"id\":\"as planned\"}");
	ck_assert_str_eq(json("{\"text\":\"[2,\\\"a\\\",\\\"as planned\\\"]\"}"),
		"{\"text\":\"[2,\\\"a\\\",\\\"as planned\\\"]\"}");
	ck_assert_str_eq(json("{\"reason\":\"The \\\"x\\\" is silent since 21:59.\",\"w\":1}"),
		"{\"reason\":\"The \\\"x\\\" ist seit 21:59 stumm.\",\"w\":1}");
	/* what may be a person's word is ours beside a key or a name of ours alone */
	ck_assert_str_eq(json("{\"why\":\"They agree.\",\"actor\":\"user:anna\"}"),
		"{\"why\":\"They agree.\",\"actor\":\"user:anna\"}");
	ck_assert_str_eq(json("{\"belief\":\"ok\",\"why\":\"They agree.\"}"),
		"{\"belief\":\"ok\",\"why\":\"Sie stimmen überein.\"}");
	ck_assert_str_eq(json("{\"actor\":\"depotd\",\"why\":\"They agree.\"}"),
		"{\"actor\":\"depotd\",\"why\":\"Sie stimmen überein.\"}");
	ck_assert_str_eq(json("[{\"actor\":\"depotd\"},{\"why\":\"They agree.\"}]"),
		"[{\"actor\":\"depotd\"},{\"why\":\"They agree.\"}]");
	ck_assert_str_eq(json("{\"text\":\"as planned\\nas planned\"}"),
		"{\"text\":\"nach Plan\\nnach Plan\"}");
	ck_assert_str_eq(
		json("{\"text\":\"\\u0007as planned\"}"), "{\"text\":\"\\u0007as planned\"}");
	ck_assert_str_eq(json("{\"text\":\"cut"), "{\"text\":\"cut");
	ck_assert_str_eq(json("\"text\":"), "\"text\":");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tongue");
	TCase *tc = tcase_create("tongue");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, users_audit_and_wire_log);
	tcase_add_test(tc, power_meters_and_alarms);
	tcase_add_test(tc, sentences_come_over_with_their_names_times_and_numbers);
	tcase_add_test(tc, what_has_no_form_stays_english_sentence_by_sentence);
	tcase_add_test(tc, a_long_and_hostile_text_takes_bounded_time);
	tcase_add_test(tc, every_form_stands_in_both_languages_with_the_same_pieces);
	tcase_add_test(tc, all_headlines_are_known);
	tcase_add_test(tc, all_words_of_chargers_are_known);
	tcase_add_test(tc, all_words_of_vehicles_are_known);
	tcase_add_test(tc, all_words_of_sessions_are_known);
	tcase_add_test(tc, all_words_of_what_a_depot_rests_on_are_known);
	tcase_add_test(tc, all_words_of_what_if_are_known);
	tcase_add_test(tc, every_step_of_an_alarm_is_known);
	tcase_add_test(tc, what_a_limit_says_is_known);
	tcase_add_test(tc, what_is_odd_of_a_meter_is_known);
	tcase_add_test(tc, why_a_battery_is_not_told_is_known);
	tcase_add_test(tc, every_source_of_a_limit_is_known);
	tcase_add_test(tc, the_language_is_the_first_that_depotd_speaks);
	tcase_add_test(tc, of_an_answer_the_sentences_alone);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
