/*
 * The simulated meter, read by a real Modbus TCP client.
 */
#include <modbus/modbus.h>
#include <check.h>
#include <math.h>
#include <string.h>
#include "tools/depotsim/meter_server.h"

static struct meter_server *meter;
static modbus_t *bus;

static void setup(void)
{
	char why[200];
	struct pose pose;
	pose_init(&pose, NULL);
	meter = meter_server_create("127.0.0.1", 0, 7, &pose, why);
	ck_assert_msg(meter != NULL, "%s", why);
	bus = modbus_new_tcp("127.0.0.1", meter_server_port(meter));
	modbus_set_slave(bus, 7);
	modbus_set_response_timeout(bus, 0, 300000);
	ck_assert_int_eq(modbus_connect(bus), 0);
}

static void teardown(void)
{
	modbus_close(bus);
	modbus_free(bus);
	meter_server_destroy(meter);
}

static double reading(int address)
{
	uint16_t words[2];
	if (modbus_read_input_registers(bus, address, 2, words) != 2)
		return NAN;
	return (double)modbus_get_float_abcd(words);
}

static void set(int64_t total_mw)
{
	struct meter_values v = {.volts = 230, .import_mws = INT64_C(3600000000) * 1234};
	v.phase_mw[0] = total_mw / 2;
	v.phase_mw[1] = total_mw / 4;
	v.phase_mw[2] = total_mw / 4;
	meter_server_set(meter, &v);
}

START_TEST(registers_of_an_sdm630)
{
	set(92000000);
	ck_assert_double_eq(reading(0), 230);
	ck_assert_double_eq(reading(4), 230);
	ck_assert_double_eq(reading(6), 200);
	ck_assert_double_eq(reading(8), 100);
	ck_assert_double_eq(reading(12), 46000);
	ck_assert_double_eq(reading(16), 23000);
	ck_assert_double_eq(reading(52), 92000);
	ck_assert_double_eq(reading(70), 50);
	ck_assert_double_eq(reading(72), 1234);
	ck_assert_double_eq(reading(74), 0);
	ck_assert(isnan(reading(500))); /* no such register: an exception, not silence */
	ck_assert_double_eq(reading(52), 92000);
}
END_TEST

START_TEST(frozen_then_silent_then_fine)
{
	set(1000000);
	ck_assert_double_eq(reading(52), 1000);
	meter_server_trouble(meter, METER_FROZEN);
	set(2000000);
	ck_assert_double_eq(reading(52), 1000);
	meter_server_trouble(meter, METER_SILENT);
	ck_assert(isnan(reading(52)));
	meter_server_trouble(meter, METER_FINE);
	set(3000000);
	ck_assert_double_eq(reading(52), 3000);
	ck_assert_int_ge(meter_server_reads(meter), 3);
}
END_TEST

START_TEST(several_clients_and_a_taken_port)
{
	char why[200];
	modbus_t *other = modbus_new_tcp("127.0.0.1", meter_server_port(meter));
	uint16_t words[2];
	modbus_set_slave(other, 7);
	ck_assert_int_eq(modbus_connect(other), 0);
	set(5000000);
	ck_assert_int_eq(modbus_read_input_registers(other, 52, 2, words), 2);
	ck_assert_double_eq(reading(52), 5000);
	modbus_close(other);
	modbus_free(other);
	ck_assert_double_eq(reading(52), 5000);
	struct pose pose;
	pose_init(&pose, NULL);
	ck_assert_ptr_null(
		meter_server_create("127.0.0.1", meter_server_port(meter), 1, &pose, why));
	ck_assert_ptr_nonnull(strstr(why, "cannot listen"));
}
END_TEST

static uint16_t word_at(const struct pose *p, const uint16_t *registers, int address)
{
	return registers[address - p->first];
}

START_TEST(poses_as_other_families)
{
	struct arena *a = arena_create(0);
	double q[METER_QUANTITIES] = {0};
	uint16_t registers[65536] = {0};
	struct pose p;
	char why[400];
	const struct meter_map *map = meter_map_load("etc/meters/carlo-gavazzi-em24.yaml", a, why);
	ck_assert_msg(map != NULL, "%s", why);
	q[METER_QUANTITY_POWER_W] = -70000;
	q[METER_QUANTITY_FREQUENCY_HZ] = 50;
	pose_init(&p, map);
	ck_assert_int_eq(p.first, 0);
	ck_assert_int_eq(p.count, 94);
	pose_put(&p, q, registers);
	/* -700000 tenths, the low word first */
	ck_assert_int_eq(word_at(&p, registers, 40), 0x51a0);
	ck_assert_int_eq(word_at(&p, registers, 41), 0xfff5);
	ck_assert_int_eq(word_at(&p, registers, 55), 500);
	memset(registers, 0, sizeof registers);
	pose_init_sunspec(&p);
	pose_put_constants(&p, registers);
	pose_put(&p, q, registers);
	ck_assert_int_eq(word_at(&p, registers, 40000), 0x5375);
	ck_assert_int_eq(word_at(&p, registers, 40070), 203);
	ck_assert_int_eq((int16_t)word_at(&p, registers, 40088), -7000); /* tens of W */
	ck_assert_int_eq(word_at(&p, registers, 40177), 0xffff);
	arena_destroy(a);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sim_meter");
	TCase *t = tcase_create("meter");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, registers_of_an_sdm630);
	tcase_add_test(t, frozen_then_silent_then_fine);
	tcase_add_test(t, several_clients_and_a_taken_port);
	tcase_add_test(t, poses_as_other_families);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
