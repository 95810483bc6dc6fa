/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold for any facts, tried on random ones: a fact that was not seen never makes a check
 * pass, a container more never mends a failure, and the order of lists means nothing. Random facts
 * are a base of the fixtures with some values exchanged for others that the same field has in any
 * base. PLIMSOLL_PROPERTY_RUNS sets how many are tried, PLIMSOLL_PROPERTY_SEED which come first; a
 * failure names its seed.
 */
#include <stdlib.h>
#include <string.h>

#include "checks/lint.h"
#include "proto/wire.h"
#include "tests/unit/checks/fixture.h"

enum { USUAL_RUNS = 60, MAX_EXCHANGES = 12, CLEARINGS = 25 };

/* Fields whose absence is no unseen fact, and the checks for which it is none. */
static const struct {
	const char *check, *field;
} exempt[] = {
	/* RULES 0.11: without a live fact the configured mode decides; so it does where the host's
	 * facts are not the engine's. */
	{"container-host-*", "Namespaces.*"},
	{"container-host-*", "Snapshot.host_matches_engine"},
	{"container-host-*", "Live.*"},
	/* The same of the configured profile. */
	{"container-apparmor", "Live.apparmor_current"},
	{"*", "Engine.rootless"}, /* kind says the same, from the same answer */
	/* Of a host where no engine was seen: files that are there are judged. */
	{"*", "Snapshot.dockerd_installed"},
	{"*", "File.role"}, /* what the row is about */
	{"*", "Unit.name"},
	{"daemon-*", "File.real"},          /* a file that was seen has it */
	{"audit-*", "AuditRule.path_real"}, /* absent: nothing stands at the rule's path */
};

/* Fields that are not exchanged: they tell rows apart, and of a file there may be a row for each of
 * its roles; contradictions are no facts. */
static const char *const kept[] = {
	"Container.id", "Container.name", "File.*", "Image.id", "Network.id", "Volume.name",
};

/* ---- fields of a message, by reflection ---- */

struct slot {
	ProtobufCMessage *message;
	const ProtobufCFieldDescriptor *field;
};

static void *member(const struct slot *slot)
{
	return (char *)slot->message + slot->field->offset;
}

static protobuf_c_boolean *presence(const struct slot *slot)
{
	return (protobuf_c_boolean *)(void *)((char *)slot->message +
					      slot->field->quantifier_offset);
}

static bool is_pointer(const ProtobufCFieldDescriptor *field)
{
	return field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;
}

static size_t size_of(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_ENUM:
		return sizeof(int);
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return 4;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	}
	g_assert_not_reached();
}

static bool is_present(const struct slot *slot)
{
	return is_pointer(slot->field) ? *(void **)member(slot) != NULL : *presence(slot) != 0;
}

static void each_slot(ProtobufCMessage *message,
		      void (*each)(const struct slot *slot, gpointer data), gpointer data)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const struct slot slot = {message, &message->descriptor->fields[i]};
		bool is_list = slot.field->label == PROTOBUF_C_LABEL_REPEATED;

		if (slot.field->type != PROTOBUF_C_TYPE_MESSAGE) {
			if (!is_list)
				each(&slot, data);
			continue;
		}
		if (!is_list) {
			if (is_present(&slot))
				each_slot(*(ProtobufCMessage **)member(&slot), each, data);
			continue;
		}
		for (size_t k = 0; k < *(size_t *)(void *)presence(&slot); k++)
			each_slot((*(ProtobufCMessage ***)member(&slot))[k], each, data);
	}
}

/* ---- random facts ---- */

static GPtrArray *bases;   /* struct fixture */
static GHashTable *values; /* field -> GPtrArray of where a value of it stands */

static void add_value(const struct slot *slot, gpointer data)
{
	GPtrArray *list = g_hash_table_lookup(values, slot->field);

	(void)data;
	if (!is_present(slot))
		return;
	if (list == NULL) {
		list = g_ptr_array_new();
		g_hash_table_insert(values, (gpointer)(uintptr_t)slot->field, list);
	}
	g_ptr_array_add(list, member(slot));
}

static void add_slot(const struct slot *slot, gpointer data)
{
	g_array_append_val((GArray *)data, *slot);
}

static GArray *slots_of(Plimsoll__Facts *facts)
{
	GArray *slots = g_array_new(FALSE, FALSE, sizeof(struct slot));

	each_slot(&facts->base, add_slot, slots);
	return slots;
}

static guint random_below(GRand *rand, guint n)
{
	return (guint)g_rand_int_range(rand, 0, (gint32)n);
}

static char *name_of(const struct slot *slot)
{
	return g_strdup_printf("%s.%s", slot->message->descriptor->short_name, slot->field->name);
}

static bool is_kept(const struct slot *slot)
{
	g_autofree char *name = name_of(slot);

	for (guint i = 0; i < G_N_ELEMENTS(kept); i++) {
		if (g_pattern_match_simple(kept[i], name))
			return true;
	}
	return false;
}

static void exchange(GRand *rand, const struct slot *slot)
{
	const GPtrArray *list = g_hash_table_lookup(values, slot->field);

	if (list == NULL || is_kept(slot))
		return;
	memcpy(member(slot), list->pdata[random_below(rand, list->len)], size_of(slot->field));
	if (!is_pointer(slot->field))
		*presence(slot) = 1;
}

static Plimsoll__Facts *random_facts(GRand *rand, struct arena *arena,
				     const struct fixture **ret_base)
{
	const struct fixture *base = bases->pdata[random_below(rand, bases->len)];
	g_autoptr(GBytes) packed = wire_pack(&base->input.facts->base);
	g_autoptr(GArray) slots = NULL;
	g_autoptr(GError) error = NULL;
	gsize size = 0;
	const void *data = g_bytes_get_data(packed, &size);
	Plimsoll__Facts *facts = wire_unpack_facts(data, size, arena, &error);

	g_assert_no_error(error);
	slots = slots_of(facts);
	for (guint i = random_below(rand, MAX_EXCHANGES + 1); i > 0; i--)
		exchange(rand, &g_array_index(slots, struct slot, random_below(rand, slots->len)));
	*ret_base = base;
	return facts;
}

/* ---- what must hold ---- */

struct trial {
	const struct catalogue *catalogue;
	struct evaluator *evaluator;
	GRand *rand;
	struct arena *arena;
	struct evaluate_input input;
	Plimsoll__Facts *facts;
};

static struct evaluation *judge(const struct trial *trial)
{
	g_autoptr(GError) error = NULL;
	struct evaluation *evaluation =
		evaluator_run(trial->evaluator, &trial->input, NULL, NULL, &error);

	g_assert_no_error(error);
	return evaluation;
}

static bool may_be_absent(const struct check *check, const struct slot *slot)
{
	g_autofree char *name = name_of(slot);
	g_autofree char *column = g_strdup_printf(".%s", slot->field->name);

	for (guint i = 0; i < G_N_ELEMENTS(exempt); i++) {
		if (g_pattern_match_simple(exempt[i].check, check->name) &&
		    g_pattern_match_simple(exempt[i].field, name))
			return true;
	}
	for (guint i = 0; check->decides_without[i] != NULL; i++) {
		if (g_str_has_suffix(check->decides_without[i], column))
			return true;
	}
	return false;
}

static void expect_no_new_pass(const struct evaluation *before, const struct evaluation *after,
			       const struct slot *slot)
{
	g_assert_cmpuint(before->n_results, ==, after->n_results);
	for (guint i = 0; i < before->n_results; i++) {
		g_autofree char *name = name_of(slot);

		if (after->results[i].verdict != VERDICT_PASS ||
		    before->results[i].verdict == VERDICT_PASS ||
		    may_be_absent(after->results[i].check, slot))
			continue;
		g_test_message(
			"%s: %s was %s, and passes without %s", after->results[i].check->name,
			after->results[i].variant == NULL ? "" : after->results[i].variant->name,
			verdict_text(before->results[i].verdict), name);
		g_test_fail();
	}
}

/* One fact at a time is taken away, and put back. */
static void try_clearing(const struct trial *trial)
{
	g_autoptr(GArray) slots = slots_of(trial->facts);
	PLIMSOLL_AUTO(evaluation) *before = judge(trial);

	for (guint i = 0; i < CLEARINGS; i++) {
		const struct slot *slot =
			&g_array_index(slots, struct slot, random_below(trial->rand, slots->len));
		PLIMSOLL_AUTO(evaluation) *after = NULL;
		void *pointer = NULL;

		if (!is_present(slot))
			continue;
		if (is_pointer(slot->field)) {
			pointer = *(void **)member(slot);
			*(void **)member(slot) = NULL;
		} else {
			*presence(slot) = 0;
		}
		after = judge(trial);
		expect_no_new_pass(before, after, slot);
		if (is_pointer(slot->field))
			*(void **)member(slot) = pointer;
		else
			*presence(slot) = 1;
	}
}

static void add_container(const struct trial *trial)
{
	size_t n = trial->facts->n_container;
	Plimsoll__Container **list = arena_calloc(trial->arena, n + 1, sizeof(*list));
	Plimsoll__Container *container = arena_calloc(trial->arena, 1, sizeof(*container));
	const struct fixture *base = bases->pdata[random_below(trial->rand, bases->len)];
	static char id[] = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";
	static char name[] = "one-more";

	if (base->input.facts->n_container == 0)
		return;
	*container = *base->input.facts->container[0];
	container->id = id;
	container->name = name;
	if (n > 0)
		memcpy(list, trial->facts->container, n * sizeof(*list));
	list[n] = container;
	trial->facts->container = list;
	trial->facts->n_container = n + 1;
}

static void try_one_more(const struct trial *trial)
{
	PLIMSOLL_AUTO(evaluation) *before = judge(trial);
	PLIMSOLL_AUTO(evaluation) *after = NULL;

	add_container(trial);
	after = judge(trial);
	for (guint i = 0; i < before->n_results; i++) {
		if (before->results[i].verdict != VERDICT_FAIL ||
		    after->results[i].verdict == VERDICT_FAIL)
			continue;
		g_test_message("%s failed, and is %s with a container more",
			       after->results[i].check->name,
			       verdict_text(after->results[i].verdict));
		g_test_fail();
	}
}

static void try_order(const struct trial *trial)
{
	g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;

	g_assert_true(lint_order(trial->catalogue, &trial->input, faults, &error));
	g_assert_no_error(error);
	for (guint i = 0; i < faults->len; i++)
		g_test_message("%s", (const char *)faults->pdata[i]);
	if (faults->len > 0)
		g_test_fail();
}

/* ---- the runs ---- */

static void read_bases(void)
{
	g_autoptr(GDir) dir = g_dir_open(FIXTURE_BASES, 0, NULL);
	const char *name = NULL;

	bases = g_ptr_array_new();
	values = g_hash_table_new(g_direct_hash, g_direct_equal);
	while ((name = g_dir_read_name(dir)) != NULL)
		g_ptr_array_add(bases, fixture_base(name));
	for (guint i = 0; i < bases->len; i++) {
		const struct fixture *base = bases->pdata[i];

		each_slot((ProtobufCMessage *)(uintptr_t)&base->input.facts->base, add_value, NULL);
	}
}

static gint64 number_of(const char *name, gint64 usual)
{
	const char *text = g_getenv(name);

	return text == NULL ? usual : g_ascii_strtoll(text, NULL, 10);
}

static void run(void (*attempt)(const struct trial *trial))
{
	gint64 first = number_of("PLIMSOLL_PROPERTY_SEED", 1);
	gint64 runs = number_of("PLIMSOLL_PROPERTY_RUNS", USUAL_RUNS);
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(catalogue) *catalogue = catalogue_new(NULL, &error);
	PLIMSOLL_AUTO(evaluator) *evaluator = evaluator_new(catalogue, &error);

	g_assert_no_error(error);
	for (gint64 i = first; i < first + runs; i++) {
		guint32 seed = (guint32)i;
		g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
		const struct fixture *base = NULL;
		struct trial trial = {.catalogue = catalogue, .evaluator = evaluator, .rand = rand};

		trial.arena = arena_new(SIZE_MAX);
		trial.facts = random_facts(rand, trial.arena, &base);
		trial.input = base->input;
		trial.input.facts = trial.facts;
		attempt(&trial);
		arena_free(trial.arena);
		if (g_test_failed()) {
			g_test_message("seed %u", seed);
			return;
		}
	}
}

static void what_was_not_seen_never_passes(void)
{
	run(try_clearing);
}

static void a_container_more_mends_nothing(void)
{
	run(try_one_more);
}

static void order_means_nothing(void)
{
	run(try_order);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	read_bases();
	g_test_add_func("/properties/what-was-not-seen-never-passes",
			what_was_not_seen_never_passes);
	g_test_add_func("/properties/a-container-more-mends-nothing",
			a_container_more_mends_nothing);
	g_test_add_func("/properties/order-means-nothing", order_means_nothing);
	return g_test_run();
}
