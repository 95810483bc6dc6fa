/* SPDX-License-Identifier: Apache-2.0 */
/* A stored evaluation reads back as it was, and its size is bounded. */
#include <string.h>

#include "proto/wire.h"
#include "server/store/evaluation_blob.h"

static struct catalogue *catalogue;

static struct evaluation *round_trip(const struct result *result)
{
	const struct evaluation evaluation = {.results = result, .n_results = 1};
	g_autoptr(GBytes) blob = evaluation_blob_write(&evaluation);
	g_autoptr(GError) error = NULL;
	struct evaluation *back = evaluation_blob_read(blob, catalogue, &error);

	g_assert_no_error(error);
	return back;
}

static void test_everything_comes_back(void)
{
	const struct item item = {VERDICT_FAIL, "container", "id",   "name:web",
				  "web",        "80/tcp",    "seen", "wanted",
				  "UK_PERM",    "because",   "note", "inspect"};
	const struct result result = {
		.check = catalogue_find(catalogue, "container-privileged"),
		.verdict = VERDICT_FAIL,
		.reason = "UK_X",
		.reason_text = "text",
		.items = &item,
		.n_items = 1,
		.counts = {[VERDICT_FAIL] = 1, [VERDICT_PASS] = 7},
		.has_parameter = true,
	};
	PLIMSOLL_AUTO(evaluation) *back = round_trip(&result);
	const struct result *got = &back->results[0];

	g_assert_cmpuint(back->n_results, ==, 1);
	g_assert_true(got->check == result.check);
	g_assert_null(got->variant);
	g_assert_cmpint(got->verdict, ==, VERDICT_FAIL);
	g_assert_cmpstr(got->reason, ==, "UK_X");
	g_assert_cmpstr(got->reason_text, ==, "text");
	g_assert_true(memcmp(got->counts, result.counts, sizeof result.counts) == 0);
	g_assert_true(got->has_parameter);
	g_assert_cmpuint(got->n_items, ==, 1);
	g_assert_cmpint(got->items[0].verdict, ==, VERDICT_FAIL);
	g_assert_cmpstr(got->items[0].subject, ==, "container");
	g_assert_cmpstr(got->items[0].subject_id, ==, "id");
	g_assert_cmpstr(got->items[0].subject_key, ==, "name:web");
	g_assert_cmpstr(got->items[0].label, ==, "web");
	g_assert_cmpstr(got->items[0].discriminator, ==, "80/tcp");
	g_assert_cmpstr(got->items[0].observed, ==, "seen");
	g_assert_cmpstr(got->items[0].expected, ==, "wanted");
	g_assert_cmpstr(got->items[0].reason, ==, "UK_PERM");
	g_assert_cmpstr(got->items[0].reason_text, ==, "because");
	g_assert_cmpstr(got->items[0].note, ==, "note");
	g_assert_cmpstr(got->items[0].source, ==, "inspect");
}

/* Texts that items share are written once; each reads back as its own. */
static void test_repeated_texts_come_back(void)
{
	static const char shared[] = "shared", web[] = "web", db[] = "db", key[] = "name:web";
	const struct item items[] = {
		{.subject = shared, .subject_key = key, .label = web, .expected = shared},
		{.subject = shared, .subject_key = key, .label = web, .expected = shared},
		{.subject = shared, .subject_key = key, .label = db, .observed = shared},
		{.subject = web, .subject_key = key, .subject_id = db, .label = web, .note = db},
		{.subject = shared, .label = web, .observed = shared, .note = db},
	};
	const struct result result = {
		.check = catalogue_find(catalogue, "container-privileged"),
		.items = items,
		.n_items = G_N_ELEMENTS(items),
	};
	PLIMSOLL_AUTO(evaluation) *back = round_trip(&result);

	g_assert_cmpuint(back->results[0].n_items, ==, G_N_ELEMENTS(items));
	for (guint i = 0; i < G_N_ELEMENTS(items); i++) {
		const struct item *got = &back->results[0].items[i];

		g_test_message("item %u", i);
		g_assert_cmpstr(got->subject, ==, items[i].subject);
		g_assert_cmpstr(got->subject_id, ==, items[i].subject_id);
		g_assert_cmpstr(got->subject_key, ==, items[i].subject_key);
		g_assert_cmpstr(got->label, ==, items[i].label);
		g_assert_cmpstr(got->observed, ==, items[i].observed);
		g_assert_cmpstr(got->expected, ==, items[i].expected);
		g_assert_cmpstr(got->reason, ==, items[i].reason);
		g_assert_cmpstr(got->note, ==, items[i].note);
	}
}

static void test_items_are_cut_and_counts_are_not(void)
{
	g_autofree struct item *items = g_new0(struct item, STORE_CHECK_ITEMS + 5);
	g_autofree char *text = g_strnfill(1000, 'x');
	struct result result = {
		.check = catalogue_find(catalogue, "container-privileged"),
		.items = items,
		.n_items = STORE_CHECK_ITEMS + 5,
		.counts = {[VERDICT_PASS] = STORE_CHECK_ITEMS + 5},
	};
	PLIMSOLL_AUTO(evaluation) *many = round_trip(&result);
	PLIMSOLL_AUTO(evaluation) *large = NULL;

	g_assert_cmpuint(many->results[0].n_items, ==, STORE_CHECK_ITEMS);
	g_assert_cmpuint(many->results[0].counts[VERDICT_PASS], ==, STORE_CHECK_ITEMS + 5);
	for (guint i = 0; i < result.n_items; i++)
		items[i].observed = text;
	large = round_trip(&result);
	g_assert_cmpuint(large->results[0].n_items, ==, STORE_CHECK_TEXT_BYTES / 1000);
}

static void test_a_check_that_is_gone_is_left_out(void)
{
	const struct check gone = {.name = "check-of-another-release"};
	const struct result result = {.check = &gone};
	PLIMSOLL_AUTO(evaluation) *back = round_trip(&result);

	g_assert_cmpuint(back->n_results, ==, 0);
}

static void test_damaged_bytes_are_an_error(void)
{
	g_autoptr(GBytes) garbage = g_bytes_new_static("no zstd", 7);
	g_autoptr(GBytes) packed = wire_compress("\xff\xff\xff", 3);
	g_autoptr(GError) error = NULL;

	g_assert_null(evaluation_blob_read(garbage, catalogue, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
	g_assert_null(evaluation_blob_read(packed, catalogue, &error));
	g_assert_nonnull(error);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	int done;

	g_test_init(&argc, &argv, NULL);
	catalogue = catalogue_new(NULL, &error);
	g_assert_no_error(error);
	g_test_add_func("/evaluation-blob/round-trip", test_everything_comes_back);
	g_test_add_func("/evaluation-blob/repeated", test_repeated_texts_come_back);
	g_test_add_func("/evaluation-blob/cut", test_items_are_cut_and_counts_are_not);
	g_test_add_func("/evaluation-blob/gone", test_a_check_that_is_gone_is_left_out);
	g_test_add_func("/evaluation-blob/damaged", test_damaged_bytes_are_an_error);
	done = g_test_run();
	catalogue_free(catalogue);
	return done;
}
