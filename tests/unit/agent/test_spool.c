/* SPDX-License-Identifier: Apache-2.0 */
/* The spool: order, bounds, one process, and what a crash or a bad disk leaves behind. */
#include <glib/gstdio.h>
#include <string.h>

#include "agent/ship/disk.h"
#include "agent/ship/spool.h"
#include "proto/limits.h"
#include "tests/unit/support/scratch.h"

static struct spool *opened(const char *dir)
{
	g_autoptr(GError) error = NULL;
	struct spool *spool = spool_open(dir, &error);

	g_assert_no_error(error);
	return spool;
}

static void put(struct spool *spool, uint64_t sequence, const char *text)
{
	g_autoptr(GBytes) report = g_bytes_new(text, strlen(text));
	g_autoptr(GError) error = NULL;

	g_assert_true(spool_put(spool, sequence, report, &error));
	g_assert_no_error(error);
}

static void assert_holds(GBytes *report, const char *text)
{
	g_assert_nonnull(report);
	g_assert_cmpuint(g_bytes_get_size(report), ==, strlen(text));
	g_assert_true(memcmp(g_bytes_get_data(report, NULL), text, strlen(text)) == 0);
}

/* "3 2 1" and the like. */
static char *waiting(struct spool *spool)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	struct spool_state state;

	g_assert_true(spool_list(spool, &state, &error));
	for (guint i = 0; i < state.n_sequences; i++)
		g_string_append_printf(text, "%s%" G_GUINT64_FORMAT, i == 0 ? "" : " ",
				       state.sequences[i]);
	spool_state_done(&state);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void assert_waiting(struct spool *spool, const char *want)
{
	g_autofree char *found = waiting(spool);

	g_assert_cmpstr(found, ==, want);
}

static void test_reports_survive_a_restart(void)
{
	char *dir = scratch_new();
	struct spool *spool = opened(dir);
	g_autoptr(GError) error = NULL;

	put(spool, 9, "nine");
	put(spool, 10, "ten");
	spool_free(spool);
	spool = opened(dir);
	assert_waiting(spool, "10 9");
	g_autoptr(GBytes) nine = spool_get(spool, 9, &error);
	assert_holds(nine, "nine");
	g_assert_true(spool_acknowledge(spool, 9, NULL, &error));
	g_assert_true(spool_acknowledge(spool, 10, "rootful", &error));
	assert_waiting(spool, "");
	g_assert_null(spool_acknowledged(spool, "podman", &error));
	g_assert_no_error(error);
	g_autoptr(GBytes) kept = spool_acknowledged(spool, "rootful", &error);
	assert_holds(kept, "ten");
	g_assert_no_error(error);
	spool_free(spool);
	scratch_free(dir);
}

static void test_nothing_acknowledged_is_no_error(void)
{
	char *dir = scratch_new();
	struct spool *spool = opened(dir);
	g_autoptr(GError) error = NULL;

	g_assert_null(spool_acknowledged(spool, "rootful", &error));
	g_assert_no_error(error);
	spool_free(spool);
	scratch_free(dir);
}

static void test_the_sequence_never_repeats(void)
{
	char *dir = scratch_new();
	g_autoptr(GError) error = NULL;
	uint64_t last = 0;

	for (int i = 0; i < 3; i++) {
		struct spool *spool = opened(dir);
		uint64_t sequence = 0;

		g_assert_true(spool_next_sequence(spool, &sequence, &error));
		g_assert_cmpuint(sequence, ==, last + 1);
		last = sequence;
		spool_free(spool);
	}
	struct spool *spool = opened(dir);
	g_assert_true(spool_raise_sequence(spool, 2, &error)); /* behind: nothing changes */
	g_assert_true(spool_next_sequence(spool, &last, &error));
	g_assert_cmpuint(last, ==, 4);
	g_assert_true(spool_raise_sequence(spool, 1000, &error));
	g_assert_true(spool_next_sequence(spool, &last, &error));
	g_assert_cmpuint(last, ==, 1001);
	g_assert_true(spool_raise_sequence(spool, UINT64_MAX, &error)); /* no server of ours */
	g_assert_true(spool_next_sequence(spool, &last, &error));
	g_assert_cmpuint(last, ==, 1002);
	g_assert_no_error(error);
	spool_free(spool);
	scratch_free(dir);
}

static void test_a_damaged_sequence_is_not_guessed(void)
{
	static const char *const damaged[] = {"", "12x", "-1", "99999999999999999999"};

	for (size_t i = 0; i < G_N_ELEMENTS(damaged); i++) {
		char *dir = scratch_new();
		struct spool *spool = opened(dir);
		g_autoptr(GError) error = NULL;
		uint64_t sequence = 7;

		g_test_message("'%s'", damaged[i]);
		scratch_write(dir, "sequence", damaged[i], -1);
		g_assert_false(spool_next_sequence(spool, &sequence, &error));
		g_assert_nonnull(error);
		g_assert_cmpuint(sequence, ==, 7);
		spool_free(spool);
		scratch_free(dir);
	}
}

static void test_only_one_process_at_a_time(void)
{
	char *dir = scratch_new();
	struct spool *spool = opened(dir);
	g_autoptr(GError) error = NULL;

	g_assert_null(spool_open(dir, &error));
	g_assert_error(error, SPOOL_ERROR, SPOOL_ERROR_LOCKED);
	spool_free(spool);
	spool = opened(dir);
	spool_free(spool);
	scratch_free(dir);
}

/* A crash in the middle of disk_write() leaves a temporary file of any length, and nothing else. */
static void test_a_crash_while_writing_leaves_no_trace(void)
{
	char *dir = scratch_new();
	struct spool *spool = opened(dir);

	put(spool, 1, "one");
	spool_free(spool);
	scratch_write(dir, "spool/" DISK_TEMPORARY_PREFIX "77-00000000000000000002.report", "par",
		      3);
	scratch_write(dir, DISK_TEMPORARY_PREFIX "77-sequence", "", 0);
	spool = opened(dir);
	assert_waiting(spool, "1");
	g_autofree char *left = scratch_list(dir, "spool");
	g_assert_cmpstr(left, ==, "00000000000000000001.report bad");
	g_autofree char *state = scratch_list(dir, ".");
	g_assert_cmpstr(state, ==, "spool");
	spool_free(spool);
	scratch_free(dir);
}

/* Cut or changed at every byte, a file is never taken for a report, and never blocks the others. */
static void test_bad_files_are_set_aside(void)
{
	char *dir = scratch_new();
	struct spool *spool = opened(dir);
	const char name[] = "spool/00000000000000000005.report";
	g_autofree char *path = scratch_path(dir, name);
	g_autofree char *data = NULL;
	gsize size = 0;

	put(spool, 5, "a report that is long enough to be worth compressing, worth compressing");
	g_assert_true(g_file_get_contents(path, &data, &size, NULL));
	for (gsize i = 0; i < 2 * size; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *bad = g_memdup2(data, size);

		bad[i % size] = (char)(bad[i % size] ^ 0x10);
		scratch_write(dir, name, bad,
			      (gssize)(i < size ? i : size)); /* cut, then changed */
		g_assert_null(spool_get(spool, 5, &error));
		g_assert_error(error, SPOOL_ERROR, SPOOL_ERROR_BAD);
		assert_waiting(spool, "");
	}
	put(spool, 6, "good");
	assert_waiting(spool, "6");
	spool_free(spool);
	scratch_free(dir);
}

static void test_files_set_aside_are_bounded(void)
{
	char *dir = scratch_new();
	struct spool *spool = opened(dir);
	g_autoptr(GError) error = NULL;
	struct spool_state state;

	for (uint64_t i = 1; i <= LIMIT_SPOOL_BAD + 3; i++) {
		put(spool, i, "refused by the server");
		g_assert_true(spool_set_aside(spool, i, &error));
	}
	g_assert_true(spool_list(spool, &state, &error));
	g_assert_cmpuint(state.n_sequences, ==, 0);
	g_assert_cmpuint(state.bad, ==, LIMIT_SPOOL_BAD);
	spool_state_done(&state);
	g_autofree char *bad = scratch_list(dir, "spool/bad");
	g_assert_true(g_str_has_prefix(bad, "00000000000000000004.report"));
	spool_free(spool);
	scratch_free(dir);
}

static void test_the_oldest_are_dropped_by_count(void)
{
	char *dir = scratch_new();
	struct spool *spool = opened(dir);
	g_autoptr(GError) error = NULL;
	struct spool_state state;

	for (uint64_t i = 1; i <= LIMIT_SPOOL_REPORTS + 2; i++)
		put(spool, i, "x");
	g_assert_true(spool_list(spool, &state, &error));
	g_assert_cmpuint(state.n_sequences, ==, LIMIT_SPOOL_REPORTS);
	g_assert_cmpuint(state.sequences[0], ==, LIMIT_SPOOL_REPORTS + 2);
	g_assert_cmpuint(state.sequences[state.n_sequences - 1], ==, 3);
	g_assert_cmpuint(state.dropped, ==, 2);
	spool_state_done(&state);
	spool_free(spool);
	scratch_free(dir);
}

static void test_the_oldest_are_dropped_by_size(void)
{
	enum { SIZE = 12 << 20 };
	char *dir = scratch_new();
	struct spool *spool = opened(dir);
	g_autoptr(GError) error = NULL;
	g_autofree guint8 *noise = g_malloc(SIZE);
	GRand *random = g_rand_new_with_seed(1);

	for (gsize i = 0; i < SIZE; i++)
		noise[i] = (guint8)g_rand_int_range(random, 0, 256);
	g_rand_free(random);
	g_autoptr(GBytes) report = g_bytes_new_static(noise, SIZE);
	for (uint64_t i = 1; i <= 6; i++)
		g_assert_true(spool_put(spool, i, report, &error));
	assert_waiting(spool, "6 5 4 3 2");
	spool_free(spool);
	scratch_free(dir);
}

static void test_foreign_files_are_left_alone(void)
{
	char *dir = scratch_new();
	struct spool *spool = opened(dir);

	scratch_write(dir, "spool/README", "x", 1);
	scratch_write(dir, "spool/0000000000000000000x.report", "x", 1);
	scratch_write(dir, "spool/1.report", "x", 1);
	assert_waiting(spool, "");
	g_autofree char *left = scratch_list(dir, "spool");
	g_assert_cmpstr(left, ==, "0000000000000000000x.report 1.report README bad");
	spool_free(spool);
	scratch_free(dir);
}

static void test_files_are_private(void)
{
	static const char *const names[] = {"spool", "spool/bad", "sequence",
					    "spool/00000000000000000001.report"};
	char *dir = scratch_new();
	struct spool *spool = opened(dir);
	g_autoptr(GError) error = NULL;
	uint64_t sequence = 0;

	g_assert_true(spool_next_sequence(spool, &sequence, &error));
	put(spool, sequence, "x");
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = scratch_path(dir, names[i]);
		GStatBuf found;

		g_assert_cmpint(g_stat(path, &found), ==, 0);
		g_assert_cmpint(found.st_mode & 077, ==, 0);
	}
	spool_free(spool);
	scratch_free(dir);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/spool/reports-survive-a-restart", test_reports_survive_a_restart);
	g_test_add_func("/spool/nothing-acknowledged-is-no-error",
			test_nothing_acknowledged_is_no_error);
	g_test_add_func("/spool/the-sequence-never-repeats", test_the_sequence_never_repeats);
	g_test_add_func("/spool/a-damaged-sequence-is-not-guessed",
			test_a_damaged_sequence_is_not_guessed);
	g_test_add_func("/spool/only-one-process-at-a-time", test_only_one_process_at_a_time);
	g_test_add_func("/spool/a-crash-while-writing-leaves-no-trace",
			test_a_crash_while_writing_leaves_no_trace);
	g_test_add_func("/spool/bad-files-are-set-aside", test_bad_files_are_set_aside);
	g_test_add_func("/spool/files-set-aside-are-bounded", test_files_set_aside_are_bounded);
	g_test_add_func("/spool/the-oldest-are-dropped-by-count",
			test_the_oldest_are_dropped_by_count);
	g_test_add_func("/spool/the-oldest-are-dropped-by-size",
			test_the_oldest_are_dropped_by_size);
	g_test_add_func("/spool/foreign-files-are-left-alone", test_foreign_files_are_left_alone);
	g_test_add_func("/spool/files-are-private", test_files_are_private);
	return g_test_run();
}
