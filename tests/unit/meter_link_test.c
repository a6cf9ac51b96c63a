/* Links against real libmodbus servers: TCP on loopback, RTU over a pair of pseudo terminals. */
#include "modbus/meter_link.h"
#include "tests/unit/meter_server.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define INPUT METER_FUNCTION_INPUT

static struct meter_server *server;
static struct meter_link *link_;
static uint16_t regs[125];

static struct meter_link *open_tcp(int port, int timeout_ms)
{
	char why[200];
	struct meter_link *l = meter_link_create(
		&(struct meter_link_config){
			.host = "127.0.0.1",
			.port = port,
			.timeout_ms = timeout_ms,
			.mono_us = test_mono_us,
			.wall_ms = test_wall_ms,
		},
		why);
	ck_assert_msg(l != NULL, "%s", why);
	return l;
}

static void set_up(void)
{
	server = meter_server_start(NULL, 0);
	link_ = open_tcp(meter_server_port(server), 150);
	for (int i = 0; i < 200; i++)
		meter_server_set(server, i, (uint16_t)(1000 + i));
}

static void tear_down(void)
{
	meter_link_destroy(link_);
	meter_server_stop(server);
}

static enum meter_result read_some(void)
{
	return meter_link_read(link_, 1, INPUT, 10, 5, regs);
}

START_TEST(reads_over_tcp)
{
	ck_assert_int_eq(read_some(), METER_OK);
	ck_assert_uint_eq(regs[0], 1010);
	ck_assert_uint_eq(regs[4], 1014);
	ck_assert_int_eq(meter_link_read(link_, 7, METER_FUNCTION_HOLDING, 0, 125, regs), METER_OK);
	ck_assert_uint_eq(regs[124], 1124);
	const struct meter_link_stats *s = meter_link_stats(link_);
	ck_assert_uint_eq(s->polls, 2);
	ck_assert_uint_eq(s->ok, 2);
	ck_assert_uint_eq(s->connects, 1);
	ck_assert_int_ge(s->latency_max_us, s->latency_last_us);
	ck_assert_int_gt(s->latency_last_us, 0);
	ck_assert_int_le(llabs(s->last_good_ms - test_wall_ms()), 2000);
	ck_assert_str_eq(s->last_error, "");
	ck_assert_int_eq(meter_server_connections(server), 1);
}
END_TEST

START_TEST(reports_exception_codes)
{
	for (int code = 1; code <= 11; code++) {
		if (code == 9)
			continue; /* not assigned */
		meter_server_set_exception(server, code);
		ck_assert_int_eq(read_some(), METER_EXCEPTION);
		ck_assert_int_eq(meter_link_exception(link_), code);
	}
	ck_assert_uint_eq(meter_link_stats(link_)->exceptions, 10);
	ck_assert_ptr_nonnull(strstr(meter_link_stats(link_)->last_error, "unit 1, 5 registers"));
	meter_server_set_exception(server, 0);
	ck_assert_int_eq(meter_link_read(link_, 1, INPUT, 199, 2, regs), METER_EXCEPTION);
	ck_assert_int_eq(meter_link_exception(link_), 2);
	ck_assert_int_eq(read_some(), METER_OK);
	ck_assert_int_eq(meter_link_exception(link_), 0);
	ck_assert_int_eq(meter_server_connections(server), 1);
}
END_TEST

static void assert_times_out_in(int low_ms, int high_ms)
{
	int64_t start = test_mono_us();
	ck_assert_int_eq(read_some(), METER_TIMEOUT);
	int64_t ms = (test_mono_us() - start) / 1000;
	ck_assert_msg(ms >= low_ms && ms <= high_ms, "took %lld ms", (long long)ms);
}

START_TEST(gives_up_on_a_server_that_says_nothing)
{
	meter_server_set_mood(server, SERVER_SILENT);
	assert_times_out_in(140, 5000);
	ck_assert_uint_eq(meter_link_stats(link_)->timeouts, 1);
	meter_server_set_mood(server, SERVER_WELL);
	ck_assert_int_eq(read_some(), METER_OK);
	ck_assert_int_eq(meter_server_connections(server), 1);
}
END_TEST

START_TEST(gives_up_on_a_server_that_dribbles)
{
	meter_server_set_mood(server, SERVER_DRIBBLE);
	assert_times_out_in(140, 5000);
}
END_TEST

START_TEST(takes_no_late_answer_for_a_new_one)
{
	meter_server_set_delay(server, 1000);
	ck_assert_int_eq(read_some(), METER_TIMEOUT);
	meter_server_set_delay(server, 0);
	meter_server_set(server, 10, 4242);
	test_sleep_ms(1200); /* the late answer arrives meanwhile */
	ck_assert_int_eq(read_some(), METER_OK);
	ck_assert_uint_eq(regs[0], 4242);
}
END_TEST

START_TEST(connects_anew_after_a_long_silence)
{
	meter_server_set_mood(server, SERVER_SILENT);
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(read_some(), METER_TIMEOUT);
	meter_server_set_mood(server, SERVER_WELL);
	ck_assert_int_eq(read_some(), METER_OK);
	ck_assert_int_eq(meter_server_connections(server), 2);
}
END_TEST

START_TEST(connects_anew_when_answers_do_not_match)
{
	ck_assert_int_eq(read_some(), METER_OK);
	meter_server_set_mood(server, SERVER_GARBLED);
	ck_assert_int_eq(read_some(), METER_GARBLED);
	ck_assert_uint_eq(meter_link_stats(link_)->garbled, 1);
	ck_assert_uint_eq(meter_link_stats(link_)->crc_errors, 0);
	meter_server_set_mood(server, SERVER_WELL);
	ck_assert_int_eq(read_some(), METER_OK);
	ck_assert_int_eq(meter_server_connections(server), 2);
}
END_TEST

START_TEST(survives_a_restart_of_the_server)
{
	int port = meter_server_port(server);
	ck_assert_int_eq(read_some(), METER_OK);
	meter_server_stop(server);
	ck_assert_int_eq(read_some(), METER_BROKEN);
	ck_assert_ptr_nonnull(strstr(meter_link_error(link_), "cannot connect"));
	/* Waiting, not hammering. */
	ck_assert_int_eq(read_some(), METER_DOWN);
	ck_assert_int_gt(meter_link_retry_us(link_), test_mono_us());
	uint64_t polls = meter_link_stats(link_)->polls;
	ck_assert_int_eq(read_some(), METER_DOWN);
	ck_assert_uint_eq(meter_link_stats(link_)->polls, polls);
	server = meter_server_start(NULL, port);
	test_sleep_ms(300);
	ck_assert_int_eq(read_some(), METER_OK);
	ck_assert_int_eq(meter_link_retry_us(link_), 0);
}
END_TEST

START_TEST(reconnects_at_once_when_it_was_only_hung_up_on)
{
	int port = meter_server_port(server);
	ck_assert_int_eq(read_some(), METER_OK);
	meter_server_stop(server);
	server = meter_server_start(NULL, port);
	ck_assert_int_eq(read_some(), METER_OK);
	ck_assert_uint_eq(meter_link_stats(link_)->connects, 2);
	ck_assert_uint_eq(meter_link_stats(link_)->broken, 0);
}
END_TEST

START_TEST(says_so_when_it_is_hung_up_on_every_time)
{
	meter_server_set_mood(server, SERVER_HANG_UP);
	ck_assert_int_eq(read_some(), METER_BROKEN);
	ck_assert_int_eq(read_some(), METER_BROKEN);
	ck_assert_uint_eq(meter_link_stats(link_)->broken, 2);
}
END_TEST

START_TEST(waits_longer_after_each_failure)
{
	meter_server_stop(server);
	int64_t before = 0;
	for (int i = 0; i < 3; i++) {
		int64_t start = test_mono_us();
		ck_assert_int_eq(read_some(), METER_BROKEN);
		int64_t wait = meter_link_retry_us(link_) - start;
		ck_assert_int_gt(wait, before);
		before = wait;
		while (test_mono_us() < meter_link_retry_us(link_))
			test_sleep_ms(10);
	}
	ck_assert_int_ge(before, 900000);
	server = meter_server_start(NULL, 0);
}
END_TEST

START_TEST(names_a_host_that_is_none)
{
	char why[200];
	struct meter_link_config c = {.host = "no such host.invalid",
		.port = 502,
		.timeout_ms = 100,
		.mono_us = test_mono_us,
		.wall_ms = test_wall_ms};
	struct meter_link *l = meter_link_create(&c, why);
	ck_assert_ptr_nonnull(l);
	ck_assert_int_eq(meter_link_read(l, 1, INPUT, 0, 1, regs), METER_BROKEN);
	ck_assert_ptr_nonnull(strstr(meter_link_error(l), "no such host.invalid"));
	meter_link_destroy(l);
}
END_TEST

START_TEST(refuses_a_unit_out_of_range)
{
	ck_assert_int_eq(meter_link_read(link_, 5, INPUT, 0, 1, regs), METER_OK);
	ck_assert_int_eq(meter_link_read(link_, 250, INPUT, 0, 1, regs), METER_GARBLED);
	ck_assert_int_eq(meter_server_requests(server), 1);
}
END_TEST

/* libmodbus waits by select(): a connection on descriptor 1024 or above would write over memory. */
START_TEST(works_with_thousands_of_descriptors_open)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	ck_assert_uint_ge(limit.rlim_max, 2000);
	limit.rlim_cur = 2000;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	int fd = 0, fds[1500], count = 0;
	while (fd < 1200 && count < 1500)
		fds[count++] = fd = open("/dev/null", O_RDONLY);
	ck_assert_int_ge(fd, 1200);
	ck_assert_int_eq(read_some(), METER_OK);
	ck_assert_uint_eq(regs[0], 1010);
	char why[200];
	struct meter_link_config late = {.host = "127.0.0.1",
		.port = 502,
		.timeout_ms = 100,
		.mono_us = test_mono_us,
		.wall_ms = test_wall_ms};
	ck_assert_ptr_null(meter_link_create(&late, why));
	ck_assert_ptr_nonnull(strstr(why, "descriptor"));
	/* Unless some were set aside; they are given back. */
	while (count > 0)
		close(fds[--count]);
	meter_link_reserve(1);
	for (fd = 0; fd < 1200 && count < 1500;)
		fds[count++] = fd = open("/dev/null", O_RDONLY);
	for (int i = 0; i < 2; i++) {
		struct meter_link *l = meter_link_create(&late, why);
		ck_assert_msg(l != NULL, "%s", why);
		ck_assert_ptr_null(meter_link_create(&late, why));
		meter_link_destroy(l);
	}
	while (count > 0)
		close(fds[--count]);
}
END_TEST

/* ---- RTU ---- */

static pid_t socat;
static char folder[200], end_a[220], end_b[220];

static void set_up_rtu(void)
{
	const char *tmp = getenv("TMPDIR");
	snprintf(folder, sizeof(folder), "%.150s/meter_link_XXXXXX", tmp ? tmp : P_tmpdir);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(end_a, sizeof(end_a), "%s/a", folder);
	snprintf(end_b, sizeof(end_b), "%s/b", folder);
	char a[300], b[300];
	snprintf(a, sizeof(a), "pty,raw,echo=0,link=%s", end_a);
	snprintf(b, sizeof(b), "pty,raw,echo=0,link=%s", end_b);
	socat = fork();
	if (socat == 0) {
		execlp("socat", "socat", a, b, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 300 && (access(end_a, F_OK) < 0 || access(end_b, F_OK) < 0); i++)
		test_sleep_ms(10);
	ck_assert_int_eq(access(end_b, F_OK), 0);
	server = meter_server_start(end_a, 0);
	char why[200];
	link_ = meter_link_create(
		&(struct meter_link_config){
			.device = end_b,
			.baud = 115200,
			.parity = 'N',
			.stop_bits = 1,
			.timeout_ms = 200,
			.mono_us = test_mono_us,
			.wall_ms = test_wall_ms,
		},
		why);
	ck_assert_msg(link_ != NULL, "%s", why);
	meter_server_set(server, 10, 77);
}

static void end_socat(void)
{
	if (socat <= 0)
		return;
	kill(socat, SIGTERM);
	waitpid(socat, NULL, 0);
	socat = 0;
}

static void tear_down_rtu(void)
{
	meter_link_destroy(link_);
	meter_server_stop(server);
	end_socat();
	unlink(end_a);
	unlink(end_b);
	rmdir(folder);
}

START_TEST(reads_over_rtu)
{
	ck_assert_int_eq(read_some(), METER_OK);
	ck_assert_uint_eq(regs[0], 77);
	ck_assert_int_eq(meter_link_read(link_, 1, METER_FUNCTION_HOLDING, 0, 100, regs), METER_OK);
	ck_assert_uint_eq(regs[10], 77);
	meter_server_set_exception(server, 4);
	ck_assert_int_eq(read_some(), METER_EXCEPTION);
	ck_assert_int_eq(meter_link_exception(link_), 4);
}
END_TEST

START_TEST(a_dead_unit_leaves_the_bus_usable)
{
	meter_server_set_dead_unit(server, 9);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(meter_link_read(link_, 9, INPUT, 10, 1, regs), METER_TIMEOUT);
		ck_assert_int_eq(read_some(), METER_OK);
		ck_assert_uint_eq(regs[0], 77);
	}
	ck_assert_uint_eq(meter_link_stats(link_)->connects, 1);
}
END_TEST

START_TEST(counts_a_bad_checksum)
{
	ck_assert_int_eq(read_some(), METER_OK);
	meter_server_set_mood(server, SERVER_SILENT);
	/* Somebody else talks on the line: our answer's length, another's checksum. */
	int fd = open(end_a, O_RDWR | O_NOCTTY);
	ck_assert_int_ge(fd, 0);
	pid_t noise = fork();
	if (noise == 0) {
		test_sleep_ms(60);
		static const uint8_t bad[] = {1, 4, 10, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0xaa, 0xbb};
		_exit(write(fd, bad, sizeof(bad)) == sizeof(bad) ? 0 : 1);
	}
	ck_assert_int_eq(read_some(), METER_CORRUPT);
	ck_assert_uint_eq(meter_link_stats(link_)->crc_errors, 1);
	int status;
	waitpid(noise, &status, 0);
	ck_assert_int_eq(status, 0);
	close(fd);
	meter_server_set_mood(server, SERVER_WELL);
	ck_assert_int_eq(read_some(), METER_OK);
}
END_TEST

/* CRC-16 of Modbus RTU, low byte first on the wire. */
static void put_crc(uint8_t *frame, size_t len)
{
	unsigned crc = 0xffff;
	for (size_t i = 0; i < len; i++) {
		crc ^= frame[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
	}
	frame[len] = (uint8_t)crc;
	frame[len + 1] = (uint8_t)(crc >> 8);
}

/* What else may be on the line when the answer of unit 1 to "input registers 10 to 14" is awaited:
 * each with a good checksum, and none of it is the answer. An echo is shorter than the answer, whose
 * checksum is then sought in the wrong place. */
static const struct {
	const char *what;
	uint8_t frame[20];
	size_t len;
	enum meter_result want;
} strangers[] = {
	{"another unit's answer", {2, 4, 10, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5}, 13, METER_GARBLED},
	{"another function", {1, 3, 10, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5}, 13, METER_GARBLED},
	{"fewer registers", {1, 4, 2, 0, 1}, 5, METER_GARBLED},
	{"half an answer", {1, 4, 10, 0, 1}, 5, METER_TIMEOUT},
	{"our own request (an adapter that echoes)", {1, 4, 0, 10, 0, 5}, 6, METER_CORRUPT},
};

START_TEST(takes_nothing_else_on_the_line_for_the_answer)
{
	ck_assert_int_eq(read_some(), METER_OK);
	meter_server_set_mood(server, SERVER_SILENT);
	int fd = open(end_a, O_RDWR | O_NOCTTY);
	ck_assert_int_ge(fd, 0);
	pid_t noise = fork();
	if (noise == 0) {
		uint8_t frame[22];
		bool is_half = strangers[_i].want == METER_TIMEOUT;
		size_t len = strangers[_i].len;
		memcpy(frame, strangers[_i].frame, len);
		put_crc(frame, len);
		test_sleep_ms(60);
		size_t send = is_half ? len : len + 2;
		_exit(write(fd, frame, send) == (ssize_t)send ? 0 : 1);
	}
	memset(regs, 0x55, sizeof(regs));
	enum meter_result result = read_some();
	ck_assert_msg(result == strangers[_i].want, "%s: %s", strangers[_i].what,
		meter_result_name(result));
	ck_assert_uint_eq(meter_link_stats(link_)->crc_errors, strangers[_i].want == METER_CORRUPT);
	int status;
	waitpid(noise, &status, 0);
	ck_assert_int_eq(status, 0);
	close(fd);
	/* And the line is usable at once. */
	meter_server_set_mood(server, SERVER_WELL);
	ck_assert_int_eq(read_some(), METER_OK);
	ck_assert_uint_eq(regs[0], 77);
}
END_TEST

START_TEST(several_units_share_the_bus)
{
	for (int unit = 1; unit <= 30; unit++)
		ck_assert_int_eq(meter_link_read(link_, unit, INPUT, 10, 1, regs), METER_OK);
	ck_assert_uint_eq(meter_link_stats(link_)->ok, 30);
	ck_assert_uint_eq(meter_link_stats(link_)->connects, 1);
}
END_TEST

START_TEST(survives_a_device_that_goes_away)
{
	ck_assert_int_eq(read_some(), METER_OK);
	end_socat();
	ck_assert_int_ne(read_some(), METER_OK);
	ck_assert_int_ne(read_some(), METER_OK);
	ck_assert_str_ne(meter_link_error(link_), "");
}
END_TEST

START_TEST(names_the_link)
{
	ck_assert_ptr_nonnull(strstr(meter_link_name(link_), "115200 8N1"));
	char want[40], why[200];
	struct meter_link *l = open_tcp(1502, 100);
	snprintf(want, sizeof(want), "tcp 127.0.0.1:1502");
	ck_assert_str_eq(meter_link_name(l), want);
	meter_link_destroy(l);
	struct meter_link_config none = {.device = "/nonexistent/tty",
		.baud = 9600,
		.parity = 'E',
		.stop_bits = 1,
		.timeout_ms = 100,
		.mono_us = test_mono_us,
		.wall_ms = test_wall_ms};
	l = meter_link_create(&none, why);
	ck_assert_ptr_nonnull(l);
	ck_assert_int_eq(meter_link_read(l, 1, INPUT, 0, 1, regs), METER_BROKEN);
	ck_assert_ptr_nonnull(strstr(meter_link_error(l), "cannot open"));
	meter_link_destroy(l);
}
END_TEST

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	Suite *suite = suite_create("meter_link");
	TCase *tcp = tcase_create("tcp"), *rtu = tcase_create("rtu");
	tcase_set_timeout(tcp, 20);
	tcase_add_checked_fixture(tcp, set_up, tear_down);
	tcase_add_test(tcp, reads_over_tcp);
	tcase_add_test(tcp, reports_exception_codes);
	tcase_add_test(tcp, gives_up_on_a_server_that_says_nothing);
	tcase_add_test(tcp, gives_up_on_a_server_that_dribbles);
	tcase_add_test(tcp, takes_no_late_answer_for_a_new_one);
	tcase_add_test(tcp, connects_anew_after_a_long_silence);
	tcase_add_test(tcp, connects_anew_when_answers_do_not_match);
	tcase_add_test(tcp, survives_a_restart_of_the_server);
	tcase_add_test(tcp, reconnects_at_once_when_it_was_only_hung_up_on);
	tcase_add_test(tcp, says_so_when_it_is_hung_up_on_every_time);
	tcase_add_test(tcp, waits_longer_after_each_failure);
	tcase_add_test(tcp, names_a_host_that_is_none);
	tcase_add_test(tcp, refuses_a_unit_out_of_range);
	tcase_add_test(tcp, works_with_thousands_of_descriptors_open);
	suite_add_tcase(suite, tcp);
	tcase_set_timeout(rtu, 20);
	tcase_add_checked_fixture(rtu, set_up_rtu, tear_down_rtu);
	tcase_add_test(rtu, reads_over_rtu);
	tcase_add_test(rtu, a_dead_unit_leaves_the_bus_usable);
	tcase_add_test(rtu, counts_a_bad_checksum);
	tcase_add_loop_test(rtu, takes_nothing_else_on_the_line_for_the_answer, 0,
		(int)(sizeof(strangers) / sizeof(strangers[0])));
	tcase_add_test(rtu, several_units_share_the_bus);
	tcase_add_test(rtu, survives_a_device_that_goes_away);
	tcase_add_test(rtu, names_the_link);
	suite_add_tcase(suite, rtu);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
