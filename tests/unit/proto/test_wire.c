/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes from a peer: whatever they are, the answer is a message or a named refusal. */
#include <string.h>

#include "proto/limits.h"
#include "proto/wire.h"

/* A host with one of everything that has a shape of its own on the wire. */
static GBytes *pack_sample(void)
{
	Plimsoll__Facts facts = PLIMSOLL__FACTS__INIT;
	Plimsoll__Snapshot snapshot = PLIMSOLL__SNAPSHOT__INIT;
	Plimsoll__Container containers[2] = {PLIMSOLL__CONTAINER__INIT, PLIMSOLL__CONTAINER__INIT};
	Plimsoll__Container *list[2] = {&containers[0], &containers[1]};
	Plimsoll__Live live = PLIMSOLL__LIVE__INIT;
	char name[] = "web", other[] = "db", capability[] = "NET_ADMIN",
	     hostname[] = "m\xc3\xbchle";
	char *capabilities[1] = {capability};

	snapshot.hostname = hostname;
	WIRE_SET(&snapshot, agent_caps, INT64_MAX);
	WIRE_SET(&live, euid, 0);
	containers[0].name = name;
	containers[0].cap_add = capabilities;
	containers[0].n_cap_add = 1;
	containers[0].live = &live;
	WIRE_SET(&containers[0], privileged, true);
	WIRE_SET(&containers[0], memory, -1);
	WIRE_SET(&containers[0], inspect_status, PLIMSOLL__FETCH__STATUS__OK);
	containers[1].name = other;
	facts.snapshot = &snapshot;
	facts.container = list;
	facts.n_container = 2;
	return wire_pack(&facts.base);
}

static Plimsoll__Facts *unpack(GBytes *bytes, struct arena *arena, GError **error)
{
	return wire_unpack_facts(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), arena,
				 error);
}

static void test_what_is_packed_comes_back(void)
{
	PLIMSOLL_AUTO(arena) *arena = arena_new(LIMIT_UNPACK_ARENA_BYTES);
	g_autoptr(GBytes) bytes = pack_sample();
	g_autoptr(GBytes) again = NULL;
	g_autoptr(GError) error = NULL;
	Plimsoll__Facts *facts = unpack(bytes, arena, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(facts->n_container, ==, 2);
	g_assert_cmpstr(facts->container[0]->cap_add[0], ==, "NET_ADMIN");
	g_assert_true(facts->container[0]->live->has_euid);
	g_assert_false(facts->container[1]->has_privileged);
	again = wire_pack(&facts->base);
	g_assert_true(g_bytes_equal(bytes, again));
}

/* A prefix is either refused or a message of the members that came whole; never a crash or leak. */
static void test_truncated_bytes_are_never_misread(void)
{
	g_autoptr(GBytes) bytes = pack_sample();
	size_t size = g_bytes_get_size(bytes), refused = 0;

	for (size_t cut = 0; cut < size; cut++) {
		PLIMSOLL_AUTO(arena) *arena = arena_new(LIMIT_UNPACK_ARENA_BYTES);
		g_autoptr(GError) error = NULL;
		g_autofree void *copy = g_memdup2(g_bytes_get_data(bytes, NULL), cut);
		Plimsoll__Facts *facts = wire_unpack_facts(copy, cut, arena, &error);

		g_assert_true((facts == NULL) == (error != NULL));
		if (facts == NULL) {
			g_assert_error(error, WIRE_ERROR, WIRE_ERROR_MALFORMED);
			refused++;
		}
	}
	g_assert_cmpuint(refused, ==, size - 3); /* nothing, the snapshot, the first container */
}

static void test_random_bytes_are_answered(void)
{
	for (guint32 seed = 0; seed < 3000; seed++) {
		PLIMSOLL_AUTO(arena) *arena = arena_new(LIMIT_UNPACK_ARENA_BYTES);
		g_autoptr(GError) error = NULL;
		GRand *random = g_rand_new_with_seed(seed);
		gsize size = (gsize)g_rand_int_range(random, 1, 200);
		g_autofree guint8 *data = g_malloc(size);

		for (gsize i = 0; i < size; i++)
			data[i] = (guint8)g_rand_int_range(random, 0, 256);
		g_rand_free(random);
		g_assert_true((wire_unpack_facts(data, size, arena, &error) == NULL) ==
			      (error != NULL));
	}
}

/* Flipping every bit of a good message reaches deeper than random bytes. */
static void test_flipped_bits_are_answered(void)
{
	g_autoptr(GBytes) bytes = pack_sample();
	gsize size = 0;
	const void *data = g_bytes_get_data(bytes, &size);

	for (size_t bit = 0; bit < size * 8; bit++) {
		PLIMSOLL_AUTO(arena) *arena = arena_new(LIMIT_UNPACK_ARENA_BYTES);
		g_autoptr(GError) error = NULL;
		g_autofree guint8 *copy = g_memdup2(data, size);

		copy[bit / 8] = (guint8)(copy[bit / 8] ^ (1u << (bit % 8)));
		g_assert_true((wire_unpack_facts(copy, size, arena, &error) == NULL) ==
			      (error != NULL));
	}
}

static void test_amplification_is_refused(void)
{
	enum { SIZE = 1 << 20 };
	g_autofree guint8 *data = g_malloc(SIZE);
	PLIMSOLL_AUTO(arena) *arena = arena_new(LIMIT_UNPACK_ARENA_BYTES);
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < SIZE; i += 2) {
		data[i] = 9 << 3 | 2; /* an empty File */
		data[i + 1] = 0;
	}
	g_assert_null(wire_unpack_facts(data, SIZE, arena, &error));
	g_assert_error(error, WIRE_ERROR, WIRE_ERROR_SIZE);
	g_assert_cmpuint(arena_used_bytes(arena), <=, LIMIT_UNPACK_ARENA_BYTES);
}

static void test_the_number_of_members_is_bounded(void)
{
	const size_t size = 2 * (size_t)(LIMIT_MESSAGES + 1);
	g_autofree guint8 *data = g_malloc0(size);
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < size; i += 2)
		data[i] = 9 << 3 | 2;
	g_assert_null(wire_unpack_facts(data, size, arena, &error));
	g_assert_error(error, WIRE_ERROR, WIRE_ERROR_SIZE);
	g_assert_cmpstr(error->message, ==, "Facts.file: too many members");
	g_assert_cmpuint(arena_used_bytes(arena), ==, 0);
}

static void test_too_many_bytes_are_refused_unread(void)
{
	g_autofree guint8 *data = g_malloc0(LIMIT_REPORT_BYTES + 1);
	PLIMSOLL_AUTO(arena) *arena = arena_new(LIMIT_UNPACK_ARENA_BYTES);
	g_autoptr(GError) error = NULL;

	g_assert_null(wire_unpack_report(data, LIMIT_REPORT_BYTES + 1, arena, &error));
	g_assert_error(error, WIRE_ERROR, WIRE_ERROR_SIZE);
	g_clear_error(&error);
	g_assert_null(wire_unpack_reply(data, LIMIT_REPLY_BYTES + 1, arena, &error));
	g_assert_error(error, WIRE_ERROR, WIRE_ERROR_SIZE);
}

static void test_refusals_name_the_field(void)
{
#define BYTES(text) text, sizeof(text) - 1
	static const struct {
		const char *name, *data;
		size_t size;
		int code;
		const char *message;
	} cases[] = {
		{"NUL in a text",
		 BYTES("\x0a\x05\x1a\x03"
		       "a\0b"),
		 WIRE_ERROR_TEXT, "Snapshot.hostname: not UTF-8, or with a NUL inside"},
		{"bad UTF-8", BYTES("\x0a\x03\x1a\x01\xff"), WIRE_ERROR_TEXT,
		 "Snapshot.hostname: not UTF-8, or with a NUL inside"},
		{"a surrogate", BYTES("\x0a\x05\x1a\x03\xed\xa0\x80"), WIRE_ERROR_TEXT,
		 "Snapshot.hostname: not UTF-8, or with a NUL inside"},
		{"number where text belongs", BYTES("\x0a\x02\x18\x01"), WIRE_ERROR_MALFORMED,
		 "Snapshot.hostname: wrong wire type"},
		{"length beyond the end", BYTES("\x0a\x03\x1a\x7f"), WIRE_ERROR_MALFORMED,
		 "Facts.snapshot: broken value"},
		{"length near 2^64", BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
		 WIRE_ERROR_MALFORMED, "Facts.snapshot: broken value"},
		{"varint of eleven bytes",
		 BYTES("\x0a\x0c\x20\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
		 WIRE_ERROR_MALFORMED, "Snapshot.agent_uid: broken value"},
		{"group", BYTES("\x0b\x0c"), WIRE_ERROR_MALFORMED, "Facts.snapshot: broken value"},
		{"field number 0", BYTES("\x02\x00"), WIRE_ERROR_MALFORMED, "Facts: broken tag"},
		{"singular field twice", BYTES("\x0a\x00\x0a\x00"), WIRE_ERROR_MALFORMED,
		 "Facts.snapshot: occurs twice"},
	};
#undef BYTES

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		PLIMSOLL_AUTO(arena) *arena = arena_new(LIMIT_UNPACK_ARENA_BYTES);
		g_autoptr(GError) error = NULL;

		g_test_message("%s", cases[i].name);
		g_assert_null(wire_unpack_facts(cases[i].data, cases[i].size, arena, &error));
		g_assert_error(error, WIRE_ERROR, cases[i].code);
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

static void test_a_text_has_a_bounded_length(void)
{
	Plimsoll__Facts facts = PLIMSOLL__FACTS__INIT;
	Plimsoll__Snapshot snapshot = PLIMSOLL__SNAPSHOT__INIT;
	g_autofree char *text = g_strnfill(LIMIT_STRING_BYTES + 1, 'x');
	PLIMSOLL_AUTO(arena) *arena = arena_new(LIMIT_UNPACK_ARENA_BYTES);
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(GError) error = NULL;

	snapshot.hostname = text;
	facts.snapshot = &snapshot;
	bytes = wire_pack(&facts.base);
	g_assert_null(unpack(bytes, arena, &error));
	g_assert_error(error, WIRE_ERROR, WIRE_ERROR_SIZE);
	g_assert_cmpstr(error->message, ==, "Snapshot.hostname: text too long");
}

/* What a newer agent adds is kept: the identity is over the bytes, and repacking loses nothing. */
static void test_fields_of_a_newer_schema_survive(void)
{
	static const char newer[] = "\x0a\x0a\x1a\x03"
				    "web"
				    "\xda\x3e\x02hi" /* Snapshot, field 1003 */
				    "\xe2\x3e\x03"
				    "abc"; /* Facts, field 1004 */
	PLIMSOLL_AUTO(arena) *arena = arena_new(LIMIT_UNPACK_ARENA_BYTES);
	g_autoptr(GBytes) again = NULL;
	g_autoptr(GError) error = NULL;
	Plimsoll__Facts *facts = wire_unpack_facts(newer, sizeof(newer) - 1, arena, &error);
	guint8 received[WIRE_SHA256_BYTES], repacked[WIRE_SHA256_BYTES];

	g_assert_no_error(error);
	g_assert_cmpstr(facts->snapshot->hostname, ==, "web");
	again = wire_pack(&facts->base);
	wire_sha256(newer, sizeof(newer) - 1, received);
	wire_sha256(g_bytes_get_data(again, NULL), g_bytes_get_size(again), repacked);
	g_assert_true(memcmp(received, repacked, WIRE_SHA256_BYTES) == 0);
}

static void test_equal_facts_have_equal_hashes(void)
{
	g_autoptr(GBytes) one = pack_sample();
	g_autoptr(GBytes) two = pack_sample();
	guint8 first[WIRE_SHA256_BYTES], second[WIRE_SHA256_BYTES];
	g_autofree char *hex = NULL;

	wire_sha256(g_bytes_get_data(one, NULL), g_bytes_get_size(one), first);
	wire_sha256(g_bytes_get_data(two, NULL), g_bytes_get_size(two), second);
	g_assert_true(memcmp(first, second, WIRE_SHA256_BYTES) == 0);
	wire_sha256("abc", 3, first); /* FIPS 180-2, appendix B.1 */
	hex = wire_hex(first, sizeof(first));
	g_assert_cmpstr(hex, ==,
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_compression_is_bounded(void)
{
	g_autofree guint8 *zeros = g_malloc0(LIMIT_REPORT_BYTES + 1);
	g_autoptr(GBytes) bomb = wire_compress(zeros, LIMIT_REPORT_BYTES + 1);
	g_autoptr(GBytes) fits = wire_compress(zeros, LIMIT_REPORT_BYTES);
	g_autoptr(GBytes) plain = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_cmpuint(g_bytes_get_size(bomb), <, 4096);
	g_assert_null(wire_decompress(g_bytes_get_data(bomb, NULL), g_bytes_get_size(bomb),
				      LIMIT_REPORT_BYTES, &error));
	g_assert_error(error, WIRE_ERROR, WIRE_ERROR_SIZE);
	g_clear_error(&error);
	plain = wire_decompress(g_bytes_get_data(fits, NULL), g_bytes_get_size(fits),
				LIMIT_REPORT_BYTES, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(g_bytes_get_size(plain), ==, LIMIT_REPORT_BYTES);
	g_assert_true(memcmp(g_bytes_get_data(plain, NULL), zeros, LIMIT_REPORT_BYTES) == 0);
}

static void test_broken_compression_is_refused(void)
{
	g_autoptr(GBytes) good = wire_compress("abcabcabc", 9);
	gsize size = 0;
	const guint8 *data = g_bytes_get_data(good, &size);
	g_autofree guint8 *twice = g_malloc(2 * size);

	memcpy(twice, data, size);
	memcpy(twice + size, data, size);
	for (size_t cut = 0; cut < 2 * size; cut++) {
		g_autoptr(GError) error = NULL;
		g_autofree void *copy = g_memdup2(twice, MAX(cut, 1u));

		if (cut == size)
			continue;
		g_assert_null(wire_decompress(copy, cut, LIMIT_REPORT_BYTES, &error));
		g_assert_error(error, WIRE_ERROR, WIRE_ERROR_COMPRESSION);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wire/what-is-packed-comes-back", test_what_is_packed_comes_back);
	g_test_add_func("/wire/truncated-bytes-are-never-misread",
			test_truncated_bytes_are_never_misread);
	g_test_add_func("/wire/random-bytes-are-answered", test_random_bytes_are_answered);
	g_test_add_func("/wire/flipped-bits-are-answered", test_flipped_bits_are_answered);
	g_test_add_func("/wire/amplification-is-refused", test_amplification_is_refused);
	g_test_add_func("/wire/the-number-of-members-is-bounded",
			test_the_number_of_members_is_bounded);
	g_test_add_func("/wire/too-many-bytes-are-refused-unread",
			test_too_many_bytes_are_refused_unread);
	g_test_add_func("/wire/refusals-name-the-field", test_refusals_name_the_field);
	g_test_add_func("/wire/a-text-has-a-bounded-length", test_a_text_has_a_bounded_length);
	g_test_add_func("/wire/fields-of-a-newer-schema-survive",
			test_fields_of_a_newer_schema_survive);
	g_test_add_func("/wire/equal-facts-have-equal-hashes", test_equal_facts_have_equal_hashes);
	g_test_add_func("/wire/compression-is-bounded", test_compression_is_bounded);
	g_test_add_func("/wire/broken-compression-is-refused", test_broken_compression_is_refused);
	return g_test_run();
}
