/* SPDX-License-Identifier: Apache-2.0 */
/* A digest differs wherever a finding would: what it leaves out would never reach the store. */
#include <string.h>

#include "server/store/evaluation_blob.h"
#include "server/store/result_digest.h"
#include "server/store/sha256.h"

static const struct item base_item = {VERDICT_FAIL, "container", "id",   "name:web",
				      "web",        "80/tcp",    "seen", "wanted",
				      "UK_PERM",    "because",   "note", "inspect"};

static GBytes *digest_of(const struct result *result)
{
	const struct evaluation evaluation = {.results = result, .n_results = 1};

	return result_digests(&evaluation);
}

static bool differs(const struct result *a, const struct result *b)
{
	g_autoptr(GBytes) first = digest_of(a);
	g_autoptr(GBytes) second = digest_of(b);

	g_assert_cmpuint(g_bytes_get_size(first), ==, RESULT_DIGEST_BYTES);
	return !g_bytes_equal(first, second);
}

static void test_every_text_of_an_open_item_counts(void)
{
	static const struct {
		const char *name;
		size_t offset;
		bool open_counts, passing_counts;
	} cases[] = {
		{"subject", offsetof(struct item, subject), true, true},
		{"subject_key", offsetof(struct item, subject_key), true, true},
		{"discriminator", offsetof(struct item, discriminator), true, true},
		{"label", offsetof(struct item, label), true, false},
		{"observed", offsetof(struct item, observed), true, false},
		{"expected", offsetof(struct item, expected), true, false},
		{"reason_text", offsetof(struct item, reason_text), true, false},
		{"note", offsetof(struct item, note), true, false},
		{"source", offsetof(struct item, source), true, false},
		{"subject_id", offsetof(struct item, subject_id), false, false},
	};
	static const char other[] = "other";

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		for (int open = 0; open <= 1; open++) {
			struct item before = base_item;
			struct item after;
			const struct result old = {.items = &before, .n_items = 1};
			const struct result new = {.items = &after, .n_items = 1};
			const char *text = other;

			before.verdict = open ? VERDICT_FAIL : VERDICT_PASS;
			after = before;
			memcpy((char *)&after + cases[i].offset, &text, sizeof text);
			g_test_message("%s, open %d", cases[i].name, open);
			g_assert_cmpint(differs(&old, &new), ==,
					open ? cases[i].open_counts : cases[i].passing_counts);
		}
	}
}

static void test_what_the_check_says_as_a_whole_counts(void)
{
	const struct item unknown = {.verdict = VERDICT_UNKNOWN, .subject = "container"};
	const struct item fail = {.verdict = VERDICT_FAIL, .subject = "container"};
	const struct result base = {.verdict = VERDICT_FAIL, .items = &fail, .n_items = 1};
	const struct result others[] = {
		{.verdict = VERDICT_UNKNOWN, .items = &fail, .n_items = 1},
		{.verdict = VERDICT_FAIL, .items = &unknown, .n_items = 1},
		{.verdict = VERDICT_FAIL, .items = &fail, .n_items = 0},
		{.verdict = VERDICT_FAIL, .items = &fail, .n_items = 1, .reason = "UK"},
		{.verdict = VERDICT_FAIL, .items = &fail, .n_items = 1, .reason_text = "why"},
		{.verdict = VERDICT_FAIL, .items = &fail, .n_items = 1, .counts = {1}},
	};

	g_assert_false(differs(&base, &base));
	for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
		g_test_message("case %u", i);
		g_assert_true(differs(&base, &others[i]));
	}
}

/* "a" + "bc" is not "ab" + "c". */
static void test_texts_do_not_run_into_each_other(void)
{
	const struct item first = {.subject = "k", .subject_key = "a", .discriminator = "bc"};
	const struct item second = {.subject = "k", .subject_key = "ab", .discriminator = "c"};
	const struct result one = {.items = &first, .n_items = 1};
	const struct result two = {.items = &second, .n_items = 1};

	g_assert_true(differs(&one, &two));
}

/* Findings fall back to the id where a subject has no key. */
static void test_the_id_stands_in_for_a_key(void)
{
	const struct item first = {.subject = "k", .subject_id = "1"};
	const struct item second = {.subject = "k", .subject_id = "2"};
	const struct result one = {.items = &first, .n_items = 1};
	const struct result two = {.items = &second, .n_items = 1};

	g_assert_true(differs(&one, &two));
}

/* The agent's SHA-256 is another library's. */
static void test_both_sides_make_the_same_hash(void)
{
	static const gsize sizes[] = {0, 1, 63, 64, 65, 1000, 70000, 0};
	g_autofree uint8_t *data = g_malloc(70000);

	memset(data, 'x', 70000);
	for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
		uint8_t ours[WIRE_SHA256_BYTES], theirs[WIRE_SHA256_BYTES];

		sha256_of(data, sizes[i], ours);
		wire_sha256(data, sizes[i], theirs);
		g_assert_cmpint(memcmp(ours, theirs, sizeof ours), ==, 0);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/result-digest/texts", test_every_text_of_an_open_item_counts);
	g_test_add_func("/result-digest/whole", test_what_the_check_says_as_a_whole_counts);
	g_test_add_func("/result-digest/borders", test_texts_do_not_run_into_each_other);
	g_test_add_func("/result-digest/key", test_the_id_stands_in_for_a_key);
	g_test_add_func("/result-digest/both-sides", test_both_sides_make_the_same_hash);
	return g_test_run();
}
